/** Durations as operators write them: `250ms`, `5s`, `2m`. */
import { MeshproofError } from '../../proto/errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds; throws MPE_USAGE for anything else, a bare number included: its unit would be a guess. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const [, amount = '', unit = ''] = match ?? [];
  const durationMs = Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  if (match === null || !(durationMs > 0)) {
    throw new MeshproofError('MPE_USAGE', `"${text}" is no duration`, { hint: 'Write it as 250ms, 5s or 2m.' });
  }
  return durationMs;
}
