/** How Kubernetes objects are named to a reader. */
import type { Decider, ObjectRef } from '../declared/expectation.ts';

/** `shop/default`, or the bare name of an object without namespace. */
export function qualifiedName(object: Pick<ObjectRef, 'namespace' | 'name'>): string {
  return object.namespace === '' ? object.name : `${object.namespace}/${object.name}`;
}

/** `PeerAuthentication shop/default (spec.mtls.mode)`. */
export function objectWords(object: ObjectRef): string {
  const name = `${object.kind} ${qualifiedName(object)}`;
  return object.path === undefined || object.path === '' ? name : `${name} (${object.path})`;
}

/** The objects that decided, named one after the other; null where only a default did. */
export function deciderWords(decider: Decider | null): string | null {
  if (decider === null) return null;
  const objects = deciderObjects(decider);
  return objects.length === 0 ? null : objects.map(objectWords).join(', ');
}

export function deciderObjects(decider: Decider): readonly ObjectRef[] {
  const { kind, namespace, name, path } = decider;
  if (kind !== undefined && name !== undefined) {
    return [{ kind, namespace: namespace ?? '', name, ...(path === undefined ? {} : { path }) }];
  }
  return decider.objects ?? [];
}
