/** The frozen input of a sweep, under the name of the room that makes it. */
export type { K8sObject, ObjectMetadata, OwnerReference, Position, Snapshot } from '../declared/objects.ts';
