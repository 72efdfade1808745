/** What of an object's metadata is declared, and not the bookkeeping of those who store and handle it. */
import { fields, isFields, list } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';

/** Copies of objects, leases and counters that tools keep in annotations; they move while nothing is declared anew. */
const BOOKKEEPING =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|control-plane\.alpha\.kubernetes\.io\/leader|(?:deployment|deprecated\.daemonset|autoscaling(?:\.alpha)?)\.kubernetes\.io\/.*|endpoints\.kubernetes\.io\/.*|kubectl\.kubernetes\.io\/restartedAt)$/;

export function neededMetadata(metadata: Fields): Fields {
  return {
    ...picked(metadata, [
      'name',
      'namespace',
      'uid',
      'labels',
      'creationTimestamp',
      'deletionTimestamp',
      'resourceVersion',
      'generation',
    ]),
    annotations: annotationsThatCount(metadata['annotations']),
    ...changedAt(metadata['managedFields']),
    ownerReferences: list(metadata['ownerReferences'])
      .filter(isFields)
      .map((owner) => picked(owner, ['kind', 'name', 'controller'])),
  };
}

/** When somebody last declared something about it; what its status was set to is nobody's declaration. */
function changedAt(managedFields: unknown): Fields {
  const times = list(managedFields)
    .filter(isFields)
    .filter(({ subresource }) => subresource === undefined || subresource === '')
    .flatMap(({ time }) => (typeof time === 'string' ? [time] : []));
  const newest = times.sort().at(-1);
  return newest === undefined ? {} : { changedAt: newest };
}

export function annotationsThatCount(annotations: unknown): Fields {
  return Object.fromEntries(Object.entries(fields(annotations)).filter(([key]) => !BOOKKEEPING.test(key)));
}

/** Those of the keys that are there. */
export function picked(from: Fields, keys: readonly string[]): Fields {
  const found: Record<string, unknown> = {};
  for (const key of keys) if (from[key] !== undefined) found[key] = from[key];
  return found;
}
