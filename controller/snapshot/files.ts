/** A snapshot out of manifests: files, folders, and standard input. */
import { compareText } from '../declared/order.ts';
import type { K8sObject, Position, Snapshot } from '../declared/objects.ts';
import { digestOf } from './digest.ts';
import { parseDocuments } from './documents.ts';
import { objectsOf } from './objects.ts';
import { filesOf, readSource, readStandardInput } from './source.ts';
import type { Source } from './source.ts';

export { positionOf } from './objects.ts';

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
  return snapshotOf(
    sources.flatMap((source) => parseDocuments(source).flatMap((document) => objectsOf(source, document))),
  );
}

/** Sorts, and keeps the last of several objects of one name, as applying them in turn would. */
export function snapshotOf(objects: readonly K8sObject[]): Snapshot {
  const warnings: string[] = [];
  const byKey = new Map<string, K8sObject>();
  for (const object of objects) {
    const key = keyOf(object);
    const earlier = byKey.get(key);
    if (earlier !== undefined) {
      const name = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
      warnings.push(
        `${place(object.position)}${name} is given twice; this one counts, not the one at ${place(earlier.position)}`.replace(
          /: $/,
          '',
        ),
      );
    }
    byKey.set(key, object);
  }
  const sorted = [...byKey.values()].sort(
    (a, b) =>
      compareText(a.kind, b.kind) ||
      compareText(a.metadata.namespace, b.metadata.namespace) ||
      compareText(a.metadata.name, b.metadata.name) ||
      compareText(a.apiVersion, b.apiVersion),
  );
  return { objects: sorted, digest: digestOf(sorted), warnings };
}

/** Versions of one group are the same object. */
function keyOf({ apiVersion, kind, metadata }: K8sObject): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group}|${kind}|${metadata.namespace}|${metadata.name}`;
}

function place(position: Position | undefined): string {
  return position === undefined ? '' : `${position.file}:${String(position.line)}:${String(position.column)}: `;
}
