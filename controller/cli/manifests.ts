/** The mesh that the manifests of `-f` declare. */
import { Option } from 'commander';
import type { Mesh } from '../declared/mesh.ts';
import { orAborted } from './or-aborted.ts';
import type { Session } from './session.ts';

export interface ManifestFlags {
  readonly filename: readonly string[];
}

/** `-f PATH`, repeatable and required; a file, a folder, or `-`. */
export function manifestOption(): Option {
  return new Option('-f, --filename <path>', 'manifests: a file, a folder, or - for stdin (repeatable)')
    .argParser((path: string, before: readonly string[] | undefined) => [...(before ?? []), path])
    .makeOptionMandatory();
}

/** Throws MPE_UNREADABLE_INPUT with `file:line:column`. What the API server would reject is told on stderr. */
export async function readMesh(flags: ManifestFlags, session: Session): Promise<Mesh> {
  const [{ loadSnapshot }, { buildMesh }] = await Promise.all([
    import('../snapshot/files.ts'),
    import('../declared/mesh.ts'),
  ]);
  const snapshot = await orAborted(loadSnapshot(flags.filename), session.signal);
  if (!session.flags().isQuiet) for (const warning of snapshot.warnings) session.terminal.note(`warning: ${warning}\n`);
  return buildMesh(snapshot);
}
