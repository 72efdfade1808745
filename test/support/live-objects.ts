/** Objects as a cluster gives them: pods that run, with what admission has made of them. */
import type { K8sObject, Snapshot } from '../../controller/declared/objects.ts';

type Labels = Readonly<Record<string, string>>;

export function liveObject(kind: string, key: string, rest: Readonly<Record<string, unknown>> = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const { labels = {}, annotations = {}, ...body } = rest;
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      namespace,
      name,
      labels: labels as Labels,
      annotations: annotations as Labels,
      ownerReferences: [],
    },
    ...body,
  };
}

export function namespaceObject(name: string, labels: Labels = {}, annotations: Labels = {}): K8sObject {
  return liveObject('Namespace', `/${name}`, { labels, annotations });
}

export interface LivePod {
  readonly account: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly hasSidecar?: boolean;
  readonly ip?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly isEnding?: boolean;
}

export function livePod(key: string, pod: LivePod): K8sObject {
  const { account, labels = {}, annotations = {}, hasSidecar = false, ip = '10.0.0.1', spec = {} } = pod;
  const object = liveObject('Pod', key, {
    labels,
    annotations,
    spec: {
      serviceAccountName: account,
      containers: [{ name: 'app' }],
      ...(hasSidecar && { initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }] }),
      ...spec,
    },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  });
  const metadata = {
    ...object.metadata,
    uid: `uid-${key}`,
    ...(pod.isEnding === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  };
  return { ...object, metadata };
}

export function liveSnapshot(...objects: readonly K8sObject[]): Snapshot {
  return { objects, digest: 'digest', warnings: [] };
}
