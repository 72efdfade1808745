/** The lane's mesh as it is without any fault. */
import { healthyMesh } from '../mesh/healthy.ts';
import { OF_LANE } from '../mesh/lane.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { apply, get, remove, rolledOut } from './kubectl.ts';

const KINDS = [
  ...['deployments', 'services', 'secrets', 'networkpolicies', 'peerauthentications', 'authorizationpolicies'],
  ...['destinationrules', 'gateways.networking.istio.io', 'virtualservices', 'namespaces'],
];

/** The healthy mesh and `more`, and nothing else. Resolves when every workload is ready. */
export async function healthyAgain(image: string, more: readonly KubernetesObject[]): Promise<void> {
  const wanted = [...healthyMesh(image), ...more];
  const keys = new Set(wanted.map(keyOf));
  const found = await get(KINDS.join(','), '-A', '-l', OF_LANE);
  const strange = found.filter((object) => !keys.has(keyOf(object)));
  // Objects of a namespace that goes as well go with it.
  await Promise.all([remove(strange), apply(wanted)]);
  await rolledOut(wanted.flatMap(({ kind, metadata: { name } }) => (kind === 'Namespace' ? [name] : [])));
}

function keyOf({ kind, metadata: { namespace = '', name } }: Pick<KubernetesObject, 'kind' | 'metadata'>): string {
  return `${kind} ${namespace}/${name}`;
}
