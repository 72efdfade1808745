/** Views of a fake API server, and objects to put into it. */
import type { Test } from 'tap';
import type { Snapshot } from '../../../controller/snapshot/snapshot.ts';
import { viewCluster } from '../../../controller/snapshot/cluster/view.ts';
import type { ClusterView } from '../../../controller/snapshot/cluster/view.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import type { Fault, GivenObject } from './fake-api-server.ts';
import { ISTIO, KUBERNETES } from './resources.ts';
import { apiScene } from './scene.ts';
import type { ApiScene } from './scene.ts';

export function object(kind: string, name: string, rest: Readonly<Record<string, unknown>> = {}): GivenObject {
  const known = [...KUBERNETES, ...ISTIO].find((resource) => resource.kind === kind);
  const { labels = {}, annotations = {}, namespace = 'shop', ...content } = rest;
  const place = known?.isNamespaced === true ? { namespace: String(namespace) } : {};
  return { apiVersion: known?.apiVersion ?? '', kind, metadata: { name, ...place, labels, annotations }, ...content };
}

export const ISTIOD = object('Service', 'istiod', { namespace: 'istio-system', labels: { istio: 'pilot' } });
export const MESH = object('ConfigMap', 'istio', {
  namespace: 'istio-system',
  data: { mesh: 'trustDomain: acme.example' },
});
export const STRICT = object('PeerAuthentication', 'default', { spec: { mtls: { mode: 'STRICT' } } });

/** `prepare` comes before anybody asks. */
export async function scene(
  t: Test,
  prepare: (scene: ApiScene) => void = () => undefined,
  resources = [...KUBERNETES, ...ISTIO],
): Promise<ApiScene> {
  const found = await apiScene(t, resources);
  prepare(found);
  return found;
}

export async function view(
  t: Test,
  from: ApiScene,
  namespaces: readonly string[] | 'all' = 'all',
): Promise<ClusterView> {
  const found = await viewCluster(from.cluster, { namespaces }, from, from.signal);
  t.teardown(() => found[Symbol.asyncDispose]());
  return found;
}

export function names({ objects }: Snapshot): readonly string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
}

/** Resolves with a snapshot once it says what is wanted of it. */
export async function until(
  of: ClusterView,
  from: ApiScene,
  isWanted: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  for (;;) {
    const snapshot = await of.snapshot(from.signal);
    if (isWanted(snapshot)) return snapshot;
    await new Promise(setImmediate);
  }
}

export async function errorOf(work: Promise<unknown>): Promise<MeshproofError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof MeshproofError) return error;
  throw new Error(`expected a MeshproofError, got ${String(error)}`);
}

/** In the words of a real one. */
export function forbidden(plural: string): Fault {
  const message = `${plural} is forbidden: User "jane" cannot list resource "${plural}" at the cluster scope`;
  return { kind: 'status', status: 403, message };
}
