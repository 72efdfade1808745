/** STRICT for the whole mesh or for some namespaces: the objects that would say so, and the ports that stay open all the same. */
import type { K8sObject } from '../declared/objects.ts';
import { fields } from '../declared/reading.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { PeerAuthentication } from '../declared/peer-authentication.ts';
import type { Door } from './door.ts';
import { doorOf, portsOf, takesPlaintext } from './door.ts';
import { isAsked } from './questions.ts';

/**
 * The policy of the scope that is in force is set to STRICT (a younger one beside it would have no effect); where there
 * is none, one named `default` is added. Scopes that are STRICT already need nothing. Without namespaces: the mesh.
 */
export function strictPolicies(
  mesh: Mesh,
  objects: readonly K8sObject[],
  namespaces: readonly string[],
): readonly K8sObject[] {
  const { mesh: wide, namespaces: narrow } = mesh.peerAuthentications;
  const scopes = namespaces.length === 0 ? [mesh.rootNamespace] : [...new Set(namespaces)];
  return scopes.flatMap((namespace) => {
    const [inForce] = namespace === mesh.rootNamespace ? wide : (narrow.get(namespace) ?? []);
    if (inForce === undefined) return [strictDefault(namespace)];
    return inForce.mode === 'STRICT' ? [] : objects.filter((object) => isOf(inForce, object)).map(strictly);
  });
}

function isOf({ ref }: PeerAuthentication, { kind, metadata }: K8sObject): boolean {
  return kind === ref.kind && metadata.namespace === ref.namespace && metadata.name === ref.name;
}

function strictly(object: K8sObject): K8sObject {
  return { ...object, spec: { ...fields(object['spec']), mtls: { mode: 'STRICT' } } };
}

function strictDefault(namespace: string): K8sObject {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace, labels: {}, annotations: {}, ownerReferences: [] },
    spec: { mtls: { mode: 'STRICT' } },
  };
}

/** Ports of the scope that take plaintext although the scope says STRICT. */
export function exceptions(mesh: Mesh, namespaces: readonly string[]): readonly Door[] {
  return mesh.pods
    .filter((pod) => isAsked(pod) && (namespaces.length === 0 || namespaces.includes(pod.namespace)))
    .flatMap((pod) => portsOf(mesh, pod).map((port) => doorOf(mesh, pod, port)))
    .filter(takesPlaintext);
}
