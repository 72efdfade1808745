/** Folders for what only this user may read. Those of processes that were killed are cleared by whoever comes next. */
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { MeshproofError } from '../../proto/errors.ts';
import { endOrphans } from './envoy/orphans.ts';
import { identityOf, identityText, isGone, parseIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface PrivateFolder extends AsyncDisposable {
  /** Short enough for a socket in it, wherever the folder for temporary files has a usual path. */
  readonly path: string;
}

/** What a folder holds: tokens of agents, configurations of Envoys, the control socket of a sandbox. */
export type FolderKind = 'agents' | 'envoy' | 'sandbox';

/** Whoever takes the last folder away takes the runtime folder with it: between any two steps of ours. */
const TRIES = 10;

/**
 * A new folder with mode 0700 under the user's runtime folder: `$XDG_RUNTIME_DIR/meshproof`, or `meshproof-<uid>` in the
 * folder for temporary files where there is none. It goes when it is disposed; if its process is killed before, the next
 * call clears it. Throws MPE_INVALID_CONFIG where the runtime folder is somebody else's.
 */
export async function openPrivateFolder(kind: FolderKind): Promise<PrivateFolder> {
  const owner = identityText(await identityOf(process.pid));
  for (let tries = 1; ; tries += 1) {
    try {
      const runtime = await openRuntimeFolder();
      await clearDead(runtime);
      const path = await mkdtemp(join(runtime, `${kind}.${owner}.`));
      return {
        path,
        [Symbol.asyncDispose]: async () => {
          await rm(path, { recursive: true, force: true });
          await removeIfEmpty(runtime);
        },
      };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries === TRIES) throw error;
    }
  }
}

/** The folders of this kind whose processes are not known to be gone. */
export async function livingFolders(kind: FolderKind): Promise<readonly string[]> {
  const runtime = await runtimePath();
  const folders = await foldersIn(runtime);
  const living: string[] = [];
  for (const folder of folders) {
    if (folder.kind === kind && !(await isGone(folder.owner))) living.push(join(runtime, folder.name));
  }
  return living;
}

async function clearDead(runtime: string): Promise<void> {
  for (const { name, owner } of await foldersIn(runtime)) {
    if (!(await isGone(owner))) continue;
    const path = join(runtime, name);
    await endOrphans(path);
    try {
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      // Another process clears it at the same time.
      if (codeOf(error) !== 'ENOTEMPTY') throw error;
    }
  }
}

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly owner: ProcessIdentity;
}

async function foldersIn(runtime: string): Promise<readonly Found[]> {
  let names: readonly string[];
  try {
    names = await readdir(runtime);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const [, kind, identity] = /^(agents|envoy|sandbox)\.([\d.]+)\.\w+$/.exec(name) ?? [];
    const owner = parseIdentity(identity ?? '');
    return kind === undefined || owner === undefined ? [] : [{ name, kind, owner }];
  });
}

async function openRuntimeFolder(): Promise<string> {
  const path = await runtimePath();
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(path);
  if (!found.isDirectory() || !isOwn(found.uid)) {
    throw new MeshproofError('MPE_INVALID_CONFIG', `${path} is not a folder of this user's`, {
      hint: 'Remove it, or let XDG_RUNTIME_DIR name a folder that only you can read.',
    });
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  return path;
}

async function runtimePath(): Promise<string> {
  const given = process.env['XDG_RUNTIME_DIR'] ?? '';
  // After `su` or `sudo` it can still be that of the user before.
  if (isAbsolute(given) && (await isOwnFolder(given))) return join(given, 'meshproof');
  return join(tmpdir(), `meshproof-${String(process.getuid?.() ?? 'user')}`);
}

async function isOwnFolder(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isDirectory() && isOwn(found.uid);
  } catch {
    // What cannot be looked at cannot be used.
    return false;
  }
}

function isOwn(uid: number): boolean {
  return process.getuid === undefined || process.getuid() === uid;
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
