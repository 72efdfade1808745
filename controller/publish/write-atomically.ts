/** Files that are whole or not there: killed at any moment, no half file is left under the name. */
import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MeshproofError } from '../../proto/errors.ts';

type Chunk = string | Uint8Array;

/**
 * Writes to a temporary file beside `path`, brings it to the disk, and renames it over `path`. A symbolic link is
 * followed, so that the file behind it is replaced and not the link. If the chunks fail to come, nothing is changed. Throws MPE_INVALID_CONFIG (the output file is a setting).
 */
export async function writeAtomically(path: string, chunks: Iterable<Chunk> | AsyncIterable<Chunk>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true });
    if (!isSystemError(error)) throw error;
    const why = error.message;
    throw new MeshproofError('MPE_INVALID_CONFIG', `cannot write ${path}: ${why}`, {
      cause: error,
      hint: 'Name a file in a folder that exists and that you may write to.',
    });
  }
}

/** The file system said no, as opposed to whoever makes the chunks. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** The rename itself is on the disk only once the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
