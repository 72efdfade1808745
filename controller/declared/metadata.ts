/** Metadata of the objects of a snapshot, for what is asked of an object by its name. */
import type { K8sObject, ObjectMetadata } from './objects.ts';

/** Undefined where the snapshot does not have the object. `namespace` is empty for what has none. */
export type MetadataOf = (kind: string, namespace: string, name: string) => ObjectMetadata | undefined;

export function metadataIndex(objects: readonly K8sObject[]): MetadataOf {
  const found = new Map(
    objects.map(({ kind, metadata }) => [`${kind}/${metadata.namespace}/${metadata.name}`, metadata] as const),
  );
  return (kind, namespace, name) => found.get(`${kind}/${namespace}/${name}`);
}
