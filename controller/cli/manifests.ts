/** The mesh that the manifests of `-f` declare. */
import { Option } from 'commander';
import type { Mesh } from '../declared/mesh.ts';
import type { Snapshot } from '../declared/objects.ts';
import { orAborted } from '../../proto/or-aborted.ts';
import type { Session } from './session.ts';

export interface ManifestFlags {
  readonly filename: readonly string[];
}

/** `-f PATH`, repeatable and required; a file, a folder, or `-`. */
export function manifestOption(): Option {
  return optionalManifestOption().makeOptionMandatory();
}

/** Where a cluster can take the place of manifests. */
export function optionalManifestOption(): Option {
  const option = new Option('-f, --filename <path>', 'manifests: a file, a folder, or - for stdin (repeatable)');
  return option.argParser((path: string, before: readonly string[] | undefined) => [...(before ?? []), path]);
}

/** Throws MPE_UNREADABLE_INPUT with `file:line:column`. What the API server would reject is told on stderr. */
export async function readMesh(flags: ManifestFlags, session: Session): Promise<Mesh> {
  const [snapshot, { buildMesh }] = await Promise.all([
    readSnapshot(flags.filename, session),
    import('../declared/mesh.ts'),
  ]);
  return buildMesh(snapshot);
}

/** As `readMesh`, before anything is made of the objects. */
export async function readSnapshot(paths: readonly string[], session: Session): Promise<Snapshot> {
  const { loadSnapshot } = await import('../snapshot/files.ts');
  const deps = { standardInput: session.terminal.stdin as AsyncIterable<Uint8Array>, nowMs: Date.now };
  const snapshot = await orAborted(loadSnapshot(paths, deps), session.signal);
  if (!session.flags().isQuiet) for (const warning of snapshot.warnings) session.terminal.note(`warning: ${warning}\n`);
  return snapshot;
}
