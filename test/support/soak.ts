/** How long a soak goes on, and what must not grow while it does. */
import { setImmediate } from 'node:timers/promises';

/** Why a soak is left out: they take hours, and `npm test` shall not. */
export const NO_SOAK = process.env['MESHPROOF_SOAK'] === '1' ? false : 'it takes long: npm run test:soak';

/** MESHPROOF_SOAK_MINUTES: how many minutes each soak takes. */
export function soakMinutes(otherwise: number): number {
  const given = Number(process.env['MESHPROOF_SOAK_MINUTES'] ?? otherwise);
  if (!(given > 0)) throw new Error('MESHPROOF_SOAK_MINUTES is a number of minutes, more than 0');
  return given;
}

export interface Footprint {
  /** Of what is still reachable. */
  readonly heapBytes: number;
  /** Sockets, timers and the like that keep the process alive. */
  readonly handles: number;
}

/** Needs `--expose-gc`. */
export async function footprint(): Promise<Footprint> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc (npm run test:soak does)');
  // What is freed may free more: finalizers run between two collections.
  for (let round = 0; round < 3; round += 1) {
    await setImmediate();
    await globalThis.gc({ execution: 'async', type: 'major' });
  }
  return { heapBytes: process.memoryUsage().heapUsed, handles: process.getActiveResourcesInfo().length };
}

export interface Growth {
  readonly early: number;
  readonly late: number;
}

/**
 * The second third of the time against the last. Each stands for itself by the least that it came down to: what is under
 * way at the moment comes on top of that, and is no growth.
 */
export function growth(prints: readonly Footprint[]): { readonly heapMib: Growth; readonly handles: Growth } {
  const third = Math.max(1, Math.floor(prints.length / 3));
  const of = (value: (print: Footprint) => number): Growth => ({
    early: Math.min(...prints.slice(third, 2 * third).map(value)),
    late: Math.min(...prints.slice(-third).map(value)),
  });
  return {
    heapMib: of(({ heapBytes }) => Math.round(heapBytes / 104_857.6) / 10),
    handles: of(({ handles }) => handles),
  };
}
