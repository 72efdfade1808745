/** A snapshot out of manifests: files, folders, and standard input. */
import { compareText } from '../declared/order.ts';
import type { K8sObject, Snapshot } from '../declared/objects.ts';
import { digestOf } from './digest.ts';
import { parseDocuments } from './documents.ts';
import { meshConfigDoubts } from './mesh-config-doubts.ts';
import { objectsOf, positionOf } from './objects.ts';
import { rejectionsOf } from './rejections.ts';
import { filesOf, readSource, readStandardInput } from './source.ts';
import type { Source } from './source.ts';

export { positionOf };

export interface FileSnapshotDeps {
  /** What `-` reads. */
  readonly standardInput: AsyncIterable<Uint8Array>;
  readonly nowMs: () => number;
}

/**
 * Reads every path (`-`: standard input) and freezes what is in them. Nothing is evaluated if anything cannot be parsed:
 * throws MPE_UNREADABLE_INPUT with `file:line:column` and what was expected.
 */
export async function loadSnapshot(
  paths: readonly string[],
  deps: FileSnapshotDeps = { standardInput: process.stdin, nowMs: Date.now },
): Promise<Snapshot> {
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === '-') sources.push(await readStandardInput(deps.standardInput));
    else for (const file of await filesOf(path)) sources.push(await readSource(file));
  }
  const objects = sources.flatMap((source) =>
    parseDocuments(source).flatMap((document) => objectsOf(source, document)),
  );
  return { ...snapshotOf(objects), takenAtMs: deps.nowMs() };
}

/** Sorts, and keeps the last of several objects of one name, as applying them in turn would. */
export function snapshotOf(objects: readonly K8sObject[]): Snapshot {
  const warnings: string[] = [];
  const byKey = new Map<string, K8sObject>();
  for (const object of objects) {
    const key = keyOf(object);
    const earlier = byKey.get(key);
    if (earlier !== undefined) warnings.push(`${place(object)} is given twice: this one counts, not ${place(earlier)}`);
    byKey.set(key, object);
  }
  const sorted = [...byKey.values()].sort(
    (a, b) =>
      compareText(a.kind, b.kind) ||
      compareText(a.metadata.namespace, b.metadata.namespace) ||
      compareText(a.metadata.name, b.metadata.name) ||
      compareText(a.apiVersion, b.apiVersion),
  );
  for (const object of sorted) {
    for (const { path, why } of rejectionsOf(object)) {
      warnings.push(`${place(object, path)} ${why}; an API server would not take it`);
    }
  }
  for (const { object, path, why } of meshConfigDoubts(sorted)) warnings.push(`${place(object, path)} ${why}`);
  return { objects: sorted, digest: digestOf(sorted), warnings };
}

/** Versions of one group are the same object. */
function keyOf({ apiVersion, kind, metadata }: K8sObject): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group}|${kind}|${metadata.namespace}|${metadata.name}`;
}

/** `file:line:column: Kind namespace/name` */
function place(object: K8sObject, path = ''): string {
  const { kind, metadata } = object;
  const name = metadata.namespace === '' ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  const position = positionOf(object, path);
  const at = position === undefined ? '' : `${position.file}:${String(position.line)}:${String(position.column)}: `;
  return `${at}${kind} ${name}`;
}
