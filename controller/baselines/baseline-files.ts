/** Baselines of a sandbox: files in the user's state folder, a folder a scenario. */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import type { Baseline } from '../gate/baseline.ts';
import { writeAtomically } from '../publish/write-atomically.ts';
import { alreadyThere, checkName, isBaselineName, notThere, summaryOf } from './baseline-store.ts';
import type { BaselineStore, BaselineSummary } from './baseline-store.ts';
import { baselineJson, packed, parseBaseline, unpacked } from './baseline-text.ts';

const ENDING = '.json.gz';

/** `$XDG_STATE_HOME/meshproof/baselines/shop`, or below ~/.local/state. Folders of the same name are told apart. */
export function baselineFolder(
  env: Readonly<Record<string, string | undefined>>,
  { name, folder, isOurs }: { readonly name: string; readonly folder: string; readonly isOurs: boolean },
): string {
  const given = env['XDG_STATE_HOME'] ?? '';
  // Paths in it that are not absolute are to be ignored (XDG Base Directory Specification).
  const state = isAbsolute(given) ? given : join(env['HOME'] ?? homedir(), '.local', 'state');
  const own = isOurs ? name : `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
  return join(state, 'meshproof', 'baselines', own);
}

export function baselineFiles(folder: string, place: string): BaselineStore {
  const pathOf = (name: string): string => join(folder, `${checkName(name)}${ENDING}`);
  const names = async (): Promise<readonly string[]> => {
    const entries = await readdir(folder).catch(unlessAbsent([] as string[]));
    return entries
      .filter((entry) => entry.endsWith(ENDING))
      .map((entry) => entry.slice(0, -ENDING.length))
      .filter(isBaselineName)
      .sort();
  };
  const load = async (name: string): Promise<readonly [Baseline, sizeBytes: number]> => {
    const path = pathOf(name);
    const bytes = await readFile(path).catch(unlessAbsent(undefined));
    if (bytes === undefined) throw notThere(name, await names(), place);
    return [parseBaseline(unpacked(bytes, path), path), bytes.length];
  };
  const summary = async (name: string): Promise<BaselineSummary> => {
    try {
      const [baseline, sizeBytes] = await load(name);
      return summaryOf(baseline, sizeBytes);
    } catch (error) {
      return { name, finishedAt: '', cells: 0, violations: 0, sizeBytes: 0, trouble: messageOf(error) };
    }
  };
  return {
    place,
    save: async (baseline, mayReplace) => {
      const path = pathOf(baseline.name);
      if (!mayReplace && (await exists(path))) throw alreadyThere(baseline.name, place);
      await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
        const why = messageOf(cause);
        throw new MeshproofError('MPE_INVALID_CONFIG', `cannot make ${folder}: ${why}`, {
          cause,
          hint: 'Name another place with XDG_STATE_HOME, or a file with --file.',
        });
      });
      const bytes = packed(baseline);
      await writeAtomically(path, [bytes]);
      return summaryOf(baseline, bytes.length);
    },
    has: (name) => exists(pathOf(name)),
    load: async (name) => (await load(name))[0],
    list: async () => Promise.all((await names()).map(summary)),
    delete: async (name) => {
      const path = pathOf(name);
      if (!(await exists(path))) throw notThere(name, await names(), place);
      await rm(path);
    },
  };
}

/** For a pipeline that keeps it as an artifact; compressed where the name says so. */
export async function saveBaselineFile(path: string, baseline: Baseline): Promise<BaselineSummary> {
  const bytes = path.endsWith('.gz') ? packed(baseline) : new TextEncoder().encode(baselineJson(baseline));
  await writeAtomically(path, [bytes]);
  return summaryOf(baseline, bytes.length);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, unlessAbsent(false));
}

/** Throws MPE_UNREADABLE_INPUT. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = messageOf(cause);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${path} cannot be read: ${why}`, { cause });
  }
}

function unlessAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return value;
    throw error;
  };
}
