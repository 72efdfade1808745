/** The order that Istio gives to objects of a kind: oldest first, then by name, then by namespace. */
import type { ObjectRef } from './expectation.ts';
import type { K8sObject } from './objects.ts';

/** Milliseconds since 1970; 0 where the object was never stored, which makes it older than any that was. */
export function createdAtMs(object: K8sObject): number {
  const parsed = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(parsed) ? 0 : parsed;
}

/** istio: pilot/pkg/model/config.go:configCompareByCreationTime */
export function byAge(a: K8sObject, b: K8sObject): number {
  return (
    createdAtMs(a) - createdAtMs(b) ||
    compareText(a.metadata.name, b.metadata.name) ||
    compareText(a.metadata.namespace, b.metadata.namespace)
  );
}

/** By code units, so that the order is the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function refOf(object: K8sObject, path?: string): ObjectRef {
  const { namespace, name } = object.metadata;
  return { kind: object.kind, namespace, name, ...(path === undefined ? {} : { path }) };
}

/** Groups by a key, keeping the order of the items. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
