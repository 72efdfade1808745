/** The mesh of the scenario tests: one target, and a caller of every kind. */
import { expectFlow } from '../../../../controller/declared/expect.ts';
import type { Decider, Expectation, Flow } from '../../../../controller/declared/expectation.ts';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';

export interface PodShape {
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** More of the pod's spec, as YAML flow text. */
  readonly spec?: string;
}

const yamlOf = (value: unknown): string => JSON.stringify(value);

/** A Deployment of one pod with the ports 8080, 9090, 7070. */
export function workload({
  namespace = 'foo',
  name = 't',
  labels = {},
  annotations = {},
  spec = '',
}: PodShape): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: ${yamlOf({ app: name, ...labels })}, annotations: ${yamlOf(annotations)} }
    spec:
      serviceAccountName: ${name}
      containers: [{ name: ${name}, ports: [{ containerPort: 8080 }, { containerPort: 9090 }, { containerPort: 7070 }] }]
${spec}
---`;
}

export function service(name = 't', namespace = 'foo', more = ''): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { app: ${name} }
  ${more}
  ports:
    - { name: http, port: 80, targetPort: 8080 }
    - { name: tcp-x, port: 90, targetPort: 9090 }
    - { name: x, port: 70, targetPort: 7070 }
---`;
}

const MESHED = { 'sidecar.istio.io/inject': 'true' };
const AMBIENT = { 'istio.io/dataplane-mode': 'ambient' };

/** Clients N (naked), S (sidecar), A (ambient), H (host network), all in `bar`; S2 is a sidecar in `baz`, F one in `foo`. */
export const CALLERS: Readonly<Record<string, string>> = {
  N: 'bar/n',
  S: 'bar/c',
  A: 'bar/a',
  S2: 'baz/c',
  F: 'foo/f',
  K: 'kubelet',
};

const CLIENTS = [
  workload({ namespace: 'bar', name: 'n' }),
  workload({ namespace: 'bar', name: 'c', labels: MESHED }),
  workload({ namespace: 'bar', name: 'a', labels: AMBIENT }),
  workload({ namespace: 'baz', name: 'c', labels: MESHED }),
  workload({ namespace: 'foo', name: 'f', labels: MESHED }),
].join('');

export interface SmallMesh {
  /** YAML documents of policies and whatever else. */
  readonly objects?: string;
  /** Instead of the sidecar workload `foo/t`. */
  readonly target?: string;
  /** Instead of the ordinary Service `foo/t`. */
  readonly service?: string;
}

export function meshOf(text: string): Mesh {
  const source = { file: 'test.yaml', text };
  return buildMesh(snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))));
}

export function smallMesh({ objects = '', target, service: own }: SmallMesh = {}): Mesh {
  return meshOf([CLIENTS, target ?? workload({ labels: MESHED }), own ?? service(), objects].join('\n---\n'));
}

export const SIDECAR = MESHED;
export const IN_AMBIENT = AMBIENT;

/** `S http t:80` to the Service `foo/t`, `N tcp pod:8080` to its pod. `more` overrides. */
export function flow(words: string, more: Partial<Flow> = {}): Flow {
  const [caller = '', probe = '', place = ''] = words.split(' ');
  const [target = '', port = '0'] = place.split(':');
  return {
    id: words,
    source: CALLERS[caller] ?? caller,
    target: target === 'pod' ? 'pod:foo/t' : `foo/${target}`,
    port: Number(port),
    probe: probe as Flow['probe'],
    ...more,
  };
}

export function ask(mesh: Mesh, words: string, more: Partial<Flow> = {}): Expectation {
  return expectFlow(mesh, flow(words, more));
}

/** `PeerAuthentication foo/t`, or `default` where nothing declared decides. */
export function decider(decidedBy: Decider | null): string {
  if (decidedBy === null) return 'default';
  if (decidedBy.name === undefined) {
    return (decidedBy.objects ?? []).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).join(' + ');
  }
  return `${decidedBy.kind ?? ''} ${decidedBy.namespace ?? ''}/${decidedBy.name}`;
}

export interface PolicyShape {
  readonly name: string;
  readonly namespace: string;
  readonly spec: string;
  readonly created?: string;
}

function policy(apiVersion: string, kind: string, { name, namespace, spec, created }: PolicyShape, more = ''): string {
  const stamp = created === undefined ? '' : `, creationTimestamp: '${created}'`;
  return `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace}${stamp}${more} }
spec: ${spec}
---`;
}

/** `foo/default`, `{ mtls: { mode: STRICT } }`, and when it was made, for duplicates. */
export function pa(place: string, spec: string, created?: string): string {
  const [namespace = '', name = ''] = place.split('/');
  return policy('security.istio.io/v1', 'PeerAuthentication', {
    name,
    namespace,
    spec,
    ...(created === undefined ? {} : { created }),
  });
}

export function ap(place: string, spec: string, annotations = ''): string {
  const [namespace = '', name = ''] = place.split('/');
  const more = annotations === '' ? '' : `, annotations: ${annotations}`;
  return policy('security.istio.io/v1', 'AuthorizationPolicy', { name, namespace, spec }, more);
}

export function dr(place: string, spec: string, created?: string): string {
  const [namespace = '', name = ''] = place.split('/');
  return policy('networking.istio.io/v1', 'DestinationRule', {
    name,
    namespace,
    spec,
    ...(created === undefined ? {} : { created }),
  });
}

export function object(apiVersion: string, kind: string, place: string, spec: string): string {
  const [namespace = '', name = ''] = place.split('/');
  return policy(apiVersion, kind, { name, namespace, spec });
}

export const STRICT = '{ mtls: { mode: STRICT } }';

/** One row: what is asked, the outcome code, and who decides. */
export type Row = readonly [words: string, outcome: string, by?: string | undefined, more?: Partial<Flow> | undefined];

export interface Scenario {
  readonly name: string;
  readonly mesh: SmallMesh;
  readonly rows: readonly Row[];
}
