/** How much the property tests try: little and always the same in `npm test`, much and ever new with MESHPROOF_NIGHTLY=1. */

const isNightly = process.env['MESHPROOF_NIGHTLY'] === '1';

/** The other things that fast-check is told: the seed is fixed unless by night, and is printed with whatever fails. */
export function effort(
  everyDay: number,
  byNight: number,
): { readonly numRuns: number; readonly seed?: number; readonly interruptAfterTimeLimit?: number } {
  return isNightly ? { numRuns: byNight } : { numRuns: everyDay, seed: 20_251_121 };
}

/** Milliseconds that a test file may take. */
export const patienceMs = isNightly ? 3_600_000 : 60_000;
