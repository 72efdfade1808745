/** A generated set as Kubernetes objects, and the mesh that the engine makes of them. */
import { buildMesh } from '../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../controller/declared/mesh.ts';
import { parseDocuments } from '../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../controller/snapshot/objects.ts';
import { IDENTITIES, NAKED, PORTS, UNDECLARED_PORT } from './cast.ts';
import type { Cast } from './cast.ts';
import { TARGET_LABELS } from './policy-sets.ts';
import type { PolicySet } from './policy-sets.ts';

const IDENTITY_ONLY = '10.255.0.1';

export function declaredMesh(set: PolicySet, cast: Cast, targetAddress: string): Mesh {
  const { mesh, namespace, objects } = set;
  const callers = NAKED.map((pod) => podOf({ ...pod, address: cast.callers[`${pod.namespace}/${pod.name}`] }));
  const identities = IDENTITIES.map((pod) => podOf({ ...pod, address: IDENTITY_ONLY, isMeshed: true }));
  const target = podOf({ namespace, name: 't', address: targetAddress, isMeshed: true, labels: TARGET_LABELS });
  const documents = [meshConfig(mesh), ...callers, ...identities, target, serviceOf(namespace), ...objects];
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const source = { file: 'set.yaml', text };
  return buildMesh(snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))));
}

function meshConfig({ rootNamespace, trustDomain, trustDomainAliases, normalization }: PolicySet['mesh']): unknown {
  const mesh = { rootNamespace, trustDomain, trustDomainAliases, pathNormalization: { normalization } };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: rootNamespace },
    data: { mesh: JSON.stringify(mesh) },
  };
}

interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly isMeshed?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

function podOf({ namespace, name, address, isMeshed = false, labels = {} }: PodFacts): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { ...labels, ...(isMeshed && { 'security.istio.io/tlsMode': 'istio' }) },
      annotations: isMeshed ? { 'sidecar.istio.io/status': '{}' } : {},
    },
    spec: {
      serviceAccountName: name,
      containers: [{ name: 'app' }, ...(isMeshed ? [{ name: 'istio-proxy' }] : [])],
    },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  };
}

const PREFIXES = { http: 'http', tcp: 'tcp', auto: 'x' } as const;

function serviceOf(namespace: string): unknown {
  const declared = PORTS.filter(({ port }) => port !== UNDECLARED_PORT);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 't', namespace },
    spec: {
      selector: TARGET_LABELS,
      ports: declared.map(({ port, protocol }) => ({ name: `${PREFIXES[protocol]}-${String(port)}`, port })),
    },
  };
}
