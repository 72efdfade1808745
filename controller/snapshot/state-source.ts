/** The declared state for whoever follows it: a cluster's view, or files that are looked at again and again. */
import { stat } from 'node:fs/promises';
import type { Snapshot } from '../declared/objects.ts';
import { loadSnapshot } from './files.ts';
import { filesOf } from './source.ts';

export interface StateSource {
  /** The state now: the same object as before where nothing has changed. Never waits long. */
  readonly current: (signal: AbortSignal) => Promise<Snapshot>;
  /** When it was last known to be so, milliseconds since 1970. */
  readonly syncedAtMs: () => number;
}

/** Reads the files again when one was written. Rejects, for as long as one of them cannot be read, as `loadSnapshot`. */
export function watchedFiles(paths: readonly string[], nowMs: () => number): StateSource {
  let known: { readonly version: string; readonly snapshot: Snapshot } | undefined;
  let syncedMs = 0;
  return {
    current: async () => {
      const version = await versionOf(paths);
      if (known?.version !== version) known = { version, snapshot: await loadSnapshot(paths) };
      syncedMs = nowMs();
      return known.snapshot;
    },
    syncedAtMs: () => syncedMs,
  };
}

async function versionOf(paths: readonly string[]): Promise<string> {
  const files = (await Promise.all(paths.map((path) => filesOf(path)))).flat();
  const written = await Promise.all(
    files.map(async (file) => {
      const { ctimeMs, ino, size } = await stat(file);
      return [file, ctimeMs, ino, size].join(' ');
    }),
  );
  return written.join('\n');
}
