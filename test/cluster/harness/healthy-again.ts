/** The mesh as it is without any fault, whatever an earlier test, or one that was killed, has left behind. */
import { healthyMesh, MESH_NAMESPACES } from '../mesh/healthy.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { apply, get, remove, rolledOut } from './kubectl.ts';

const KINDS = [
  ...['deployments', 'services', 'secrets', 'networkpolicies', 'peerauthentications', 'authorizationpolicies'],
  ...['destinationrules', 'gateways.networking.istio.io', 'virtualservices', 'namespaces'],
];

/** `image` runs meshproof. Resolves when every workload is ready. */
export async function healthyAgain(image: string): Promise<void> {
  const wanted = healthyMesh(image);
  const keys = new Set(wanted.map(keyOf));
  const found = await get(KINDS.join(','), '-A', '-l', 'meshproof.io/test=mesh');
  const strange = found.filter((object) => !keys.has(keyOf(object)));
  // Objects of a namespace that goes as well go with it.
  await Promise.all([remove(strange), apply(wanted)]);
  await rolledOut(MESH_NAMESPACES);
}

function keyOf({ kind, metadata: { namespace = '', name } }: Pick<KubernetesObject, 'kind' | 'metadata'>): string {
  return `${kind} ${namespace}/${name}`;
}
