/** A copy of the smallest scenario, whose manifests a test may write while it is served. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watchedFiles } from '../../controller/snapshot/state-source.ts';
import type { StateSource } from '../../controller/snapshot/state-source.ts';
import { PAIR } from './sandbox-sweep.ts';

export interface PairCopy {
  readonly folder: string;
  readonly manifests: string;
  readonly source: StateSource;
  /** Of the manifest file. */
  readonly rewrite: (change: (text: string) => string) => Promise<void>;
  /** A manifest file of its own. */
  readonly add: (name: string, text: string) => Promise<void>;
}

/** @param more What reality.yaml has at its end besides. */
export async function copyPair(folder: string, more = ''): Promise<PairCopy> {
  await cp(PAIR, folder, { recursive: true });
  const manifests = join(folder, 'manifests');
  const file = join(manifests, 'pair.yaml');
  const reality = join(folder, 'reality.yaml');
  await writeFile(reality, (await readFile(reality, 'utf8')) + more);
  return {
    folder,
    manifests,
    source: watchedFiles([manifests], Date.now),
    rewrite: async (change) => {
      const before = await readFile(file, 'utf8');
      const after = change(before);
      if (after === before) throw new Error('nothing was rewritten');
      await writeFile(file, after);
    },
    add: (name, text) => writeFile(join(manifests, name), text),
  };
}

/** Routes of it that tests are about: plaintext from outside is refused at 90, and taken at 80. */
export const TO_STRICT = 'outside/naked (naked) → pair/server:90';
export const TO_OPEN = 'outside/naked (naked) → pair/server:80';
