/** Whether an object that the API server tells of says anything new. */
import { isDeepStrictEqual } from 'node:util';
import type { K8sObject } from '../../declared/objects.ts';

/** But for the server's own count of versions, and for when it was written. */
export function saysTheSame(a: K8sObject, b: K8sObject): boolean {
  return isDeepStrictEqual(withoutVersion(a), withoutVersion(b));
}

function withoutVersion(object: K8sObject): unknown {
  return { ...object, metadata: { ...object.metadata, resourceVersion: undefined, changedAt: undefined } };
}
