/** Pods of every kind that the oracle knows: with and without a sidecar, injected or to be, with ports out of capture. */
import fc from 'fast-check';
import type { Deployment, Labels, Manifest, Namespace, Pod, PodSpec, ReplicaSet } from '../oracle/manifests.ts';
import { APPS, oneOf, rarely, sparse } from './drawing.ts';

const none: Labels = {};
const team = oneOf('red', 'blue');
const injection = oneOf<Labels>(
  { 'istio-injection': 'enabled' },
  { 'istio-injection': 'enabled' },
  { 'istio-injection': 'enabled' },
  { 'istio-injection': 'enabled' },
  { 'istio-injection': 'disabled' },
  { 'istio.io/rev': 'canary' },
  none,
);

export const namespaces: fc.Arbitrary<readonly Namespace[]> = fc
  .tuple(injection, injection, injection, team, team)
  .map(([ofFoo, ofBar, ofRoot, teamOfFoo, teamOfBar]) => [
    namespace('foo', { team: teamOfFoo, ...ofFoo }),
    namespace('bar', { team: teamOfBar, ...ofBar }),
    namespace('istio-system', ofRoot),
  ]);

function namespace(name: string, labels: Labels): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  };
}

interface Draft {
  readonly namespace: string;
  readonly name: string;
  /** One pod each; labels of the second are of its own. */
  readonly labels: readonly Labels[];
  readonly annotations: Labels;
  readonly serviceAccountName?: string;
  readonly isPatched: boolean;
}

const labelsOfPod = sparse<Record<string, string>>({
  tier: rarely(oneOf('front', 'back'), 3),
  version: rarely(oneOf('v1', 'v2'), 5),
  'sidecar.istio.io/inject': rarely(oneOf('true', 'false'), 5),
  'security.istio.io/tlsMode': rarely(oneOf('istio', 'disabled'), 9),
  'istio.io/rev': rarely(oneOf('canary'), 9),
});

const annotations = sparse<Record<string, string>>({
  'traffic.sidecar.istio.io/excludeInboundPorts': rarely(oneOf('8081', '8080,9090'), 8),
  'traffic.sidecar.istio.io/includeInboundPorts': rarely(oneOf('*', '8080', '9090,7070', ''), 8),
  'traffic.sidecar.istio.io/excludeOutboundPorts': rarely(oneOf('80', '8080'), 9),
  'sidecar.istio.io/inject': rarely(oneOf('true', 'false'), 9),
});

const draft: fc.Arbitrary<Draft> = sparse<Draft>({
  namespace: oneOf('foo', 'foo', 'bar', 'bar', 'istio-system'),
  name: oneOf(...APPS),
  labels: fc.array(labelsOfPod, { minLength: 1, maxLength: 2 }),
  annotations,
  serviceAccountName: rarely(oneOf('a', 'c'), 3),
  isPatched: oneOf(true, false, false),
});

/** Whether pods are given with their addresses, or only the templates that they will be made from. */
export type Given = 'pods' | 'templates';

export function workloads(given: Given): fc.Arbitrary<readonly Manifest[]> {
  return fc
    .uniqueArray(draft, { minLength: 3, maxLength: 6, selector: ({ namespace, name }) => `${namespace}/${name}` })
    .map((drafts) => drafts.flatMap((one, index) => (given === 'pods' ? livingPods(one, index) : [template(one)])));
}

function template({ namespace, name, labels, annotations, ...rest }: Draft): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      template: {
        metadata: { labels: { app: name, ...labels[0] }, annotations },
        spec: podSpec({ ...rest, isPatched: false }),
      },
    },
  };
}

/** A Deployment, its ReplicaSet, and one or two pods that differ in labels. */
function livingPods(one: Draft, index: number): readonly Manifest[] {
  const { namespace, name } = one;
  const replicaSet: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `${name}-1`, namespace, ownerReferences: [{ kind: 'Deployment', name }] },
  };
  const pods = one.labels.map((labels, number): Pod => {
    const isPatched = one.isPatched && labels['sidecar.istio.io/inject'] !== 'false';
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-1-${String(number)}`,
        namespace,
        ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-1` }],
        labels: { app: name, ...(isPatched ? { 'security.istio.io/tlsMode': 'istio' } : {}), ...labels },
        annotations: { ...one.annotations, ...(isPatched ? { 'sidecar.istio.io/status': '{}' } : {}) },
      },
      spec: podSpec({ ...one, isPatched }),
      status: { podIP: `10.0.${String(index)}.${String(number + 1)}` },
    };
  });
  return [template(one), replicaSet, ...pods];
}

function podSpec({ serviceAccountName, isPatched }: Pick<Draft, 'serviceAccountName' | 'isPatched'>): PodSpec {
  return {
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    containers: [
      {
        name: 'app',
        ports: [
          { name: 'http-app', containerPort: 8080 },
          { name: 'web-app', containerPort: 8081, protocol: 'TCP' },
          { containerPort: 9090 },
        ],
      },
    ],
    ...(isPatched ? { initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }] } : {}),
  };
}
