/** The digest of a snapshot: equal for equal declared state, in whatever files and order it came. */
import { createHash } from 'node:crypto';
import type { K8sObject } from '../declared/objects.ts';
import { fields, isFields } from '../declared/reading.ts';

/** Bookkeeping of the API server, which moves without anything being declared anew. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  'managedFields',
  'changedAt',
  'resourceVersion',
  'generation',
  'selfLink',
]);

/** SHA-256, hex. Objects are taken in the order given: sort them first. */
export function digestOf(objects: readonly K8sObject[]): string {
  const hash = createHash('sha256');
  for (const object of objects) hash.update(canonical(declaredPart(object))).update('\n');
  return hash.digest('hex');
}

/** Of the status only what the expectation rests on: a pod's addresses and phase. */
function declaredPart(object: K8sObject): unknown {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([key]) => !BOOKKEEPING.has(key)));
  const rest = Object.fromEntries(
    Object.entries(object).filter(([key]) => !['position', 'decoded', 'status', 'metadata'].includes(key)),
  );
  const { podIP, podIPs, phase } = fields(object['status']);
  return { ...rest, metadata, ...(object.kind === 'Pod' ? { status: { podIP, podIPs, phase } } : {}) };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isFields(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}
