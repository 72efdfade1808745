/** How long a soak goes on, and what must not grow while it does. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { residentOf } from './resident.ts';

/** Why a soak is left out: they take hours, and `npm test` shall not. */
export const NO_SOAK = process.env['MESHPROOF_SOAK'] === '1' ? false : 'it takes long: npm run test:soak';

/** MESHPROOF_SOAK_MINUTES: how many minutes each soak takes. */
export function soakMinutes(otherwise: number): number {
  const given = Number(process.env['MESHPROOF_SOAK_MINUTES'] ?? otherwise);
  if (!(given > 0)) throw new Error('MESHPROOF_SOAK_MINUTES is a number of minutes, more than 0');
  return given;
}

/** Connections come and go all the time; those that stay are there whenever one looks. */
const LOOKS = 20;
const LOOK_EVERY_MS = 25;

export interface Footprint {
  /** Of what is still reachable. */
  readonly heapBytes: number;
  /** Sockets, timers and the like that keep the process alive. */
  readonly handles: number;
  /** Resident and their own, of all agents together. */
  readonly agentsBytes: number;
}

/**
 * Of this process, which needs `--expose-gc`, and of its agents.
 * @param agents their process ids; Linux tells what they have.
 */
export async function footprint(agents: Iterable<number | undefined> = []): Promise<Footprint> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc (npm run test:soak does)');
  // What is freed may free more: finalizers run between two collections.
  for (let round = 0; round < 3; round += 1) {
    await setImmediate();
    await globalThis.gc({ execution: 'async', type: 'major' });
  }
  let handles = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    handles = Math.min(handles, process.getActiveResourcesInfo().length);
    await sleep(LOOK_EVERY_MS);
  }
  const owned = [...agents].map((pid) => (pid === undefined ? 0 : residentOf(pid).ownKiB * 1024));
  return {
    heapBytes: process.memoryUsage().heapUsed,
    handles,
    agentsBytes: owned.reduce((sum, one) => sum + one, 0),
  };
}

export interface Growth {
  readonly early: number;
  readonly late: number;
}

/**
 * The second third of the time against the last. Each stands for itself by the least that it came down to: what is under
 * way at the moment comes on top of that, and is no growth.
 */
export function growth(prints: readonly Footprint[]): Readonly<Record<'heapMib' | 'handles' | 'agentsMib', Growth>> {
  const third = Math.max(1, Math.floor(prints.length / 3));
  const of = (value: (print: Footprint) => number): Growth => ({
    early: Math.min(...prints.slice(third, 2 * third).map(value)),
    late: Math.min(...prints.slice(-third).map(value)),
  });
  return {
    heapMib: of(({ heapBytes }) => mib(heapBytes)),
    handles: of(({ handles }) => handles),
    agentsMib: of(({ agentsBytes }) => mib(agentsBytes)),
  };
}

/** With one decimal. */
function mib(bytes: number): number {
  return Math.round(bytes / 104_857.6) / 10;
}
