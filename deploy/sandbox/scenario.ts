/** A scenario on disk: manifests (what is declared) and reality.yaml (what is in force), found by name or folder. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MeshproofError } from '../../proto/errors.ts';
import type { Reality } from './reality.ts';
import { parseReality } from './reality-file.ts';

export interface Scenario {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  /** The YAML and JSON files of `manifests/`, sorted; absolute. */
  readonly manifestPaths: readonly string[];
  readonly reality: Reality;
}

const SCENARIOS = fileURLToPath(new URL('scenarios/', import.meta.url));

/** Names of the scenarios that come with meshproof, sorted. */
export async function scenarioNames(): Promise<readonly string[]> {
  const entries = await readdir(SCENARIOS, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * Takes the name of a scenario that comes with meshproof, or a folder with `manifests/` and `reality.yaml`.
 * Throws MPE_UNKNOWN_SCENARIO (with the known names) or MPE_UNREADABLE_INPUT (with `file:line:column`).
 */
export async function loadScenario(nameOrFolder: string): Promise<Scenario> {
  const folder = await folderOf(nameOrFolder);
  const file = join(folder, 'reality.yaml');
  return {
    name: basename(folder),
    folder,
    manifestPaths: await manifestsIn(join(folder, 'manifests')),
    reality: parseReality(file, await readText(file)),
  };
}

async function folderOf(nameOrFolder: string): Promise<string> {
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(nameOrFolder);
  const candidates = [...(isName ? [join(SCENARIOS, nameOrFolder)] : []), resolve(nameOrFolder)];
  for (const candidate of candidates) if (await holdsScenario(candidate)) return candidate;
  const names = await scenarioNames();
  throw new MeshproofError(
    'MPE_UNKNOWN_SCENARIO',
    `no scenario "${nameOrFolder}"; there are ${names.join(', ')}, and it is no folder with a reality.yaml`,
  );
}

async function holdsScenario(folder: string): Promise<boolean> {
  try {
    return (await stat(join(folder, 'reality.yaml'))).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw unreadable(join(folder, 'reality.yaml'), error);
  }
}

async function manifestsIn(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder, { recursive: true });
    return names
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    throw unreadable(folder, error);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): MeshproofError {
  return new MeshproofError('MPE_UNREADABLE_INPUT', `${file}:1:1: cannot be read, expected a scenario's file`, {
    cause,
  });
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
