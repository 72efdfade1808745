/** Files that hold something to compare with: a baseline, a sweep, or a preview that was joined with one. */
import { MeshproofError } from '../../proto/errors.ts';
import { readBytes } from '../baselines/baseline-files.ts';
import { baselineFrom, jsonIn, unpacked } from '../baselines/baseline-text.ts';
import { fields } from '../declared/reading.ts';
import { baselineOf } from '../gate/baseline.ts';
import type { Baseline } from '../gate/baseline.ts';

/** Of a sweep, what would have been kept of it. Throws MPE_UNREADABLE_INPUT. */
export async function baselineFromFile(path: string): Promise<Baseline> {
  const text = unpacked(await readBytes(path), path);
  const value = jsonIn(text, path);
  switch (fields(value)['kind']) {
    case 'Sweep': {
      const { parseSweep } = await import('./sweep-text.ts');
      return baselineOf(parseSweep(text, path), path);
    }
    case 'Baseline':
      return baselineFrom(value, path);
    default:
      throw new MeshproofError('MPE_UNREADABLE_INPUT', `${path} is neither a baseline nor a sweep`, {
        hint: 'Baselines are written by baseline save --file, sweeps by matrix -o json.',
      });
  }
}
