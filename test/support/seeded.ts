/** Chance that can be had again: MESHPROOF_SEED repeats what a failed test printed. */

export interface Seeded {
  readonly seed: number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** @default a seed by the clock, or by MESHPROOF_SEED */
export function seeded(seed = Number(process.env['MESHPROOF_SEED'] ?? Date.now() % 1_000_000_007)): Seeded {
  let state = seed >>> 0;
  const random = (): number => {
    // mulberry32: small, and good enough to mix faults.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, random };
}
