/** What a group of processes uses together: CPU time, and memory of which what they share is counted once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { residentOf } from '../../support/resident.ts';
import type { Resident } from '../../support/resident.ts';
import { cpuMs } from '../frame/cpu-time.ts';

export interface Footprint {
  /** CPU time a second, in seconds. */
  readonly cores: number;
  /** The most that was seen. */
  readonly memoryMiB: number;
  /** The same of each process, in the order in which they were given; memory as it is at the end, with all that it shares. */
  readonly processes: readonly { readonly cores: number; readonly memoryMiB: number }[];
}

const SAMPLE_MS = 1000;
const KIB_PER_MIB = 1024;

/** While `during` goes on. */
export async function footprintOf<T>(
  pids: readonly number[],
  during: () => Promise<T>,
): Promise<Footprint & { readonly result: T }> {
  const ended = new AbortController();
  const sampled = mostMemoryMiB(pids, ended.signal);
  // Where `during` fails, nobody asks what the samples came to.
  sampled.catch(() => undefined);
  const before = { cpuMs: pids.map(cpuMs), atMs: performance.now() };
  try {
    const result = await during();
    const tookMs = performance.now() - before.atMs;
    const cores = pids.map((pid, index) => (cpuMs(pid) - (before.cpuMs[index] ?? 0)) / tookMs);
    ended.abort();
    const { together, each } = await sampled;
    return {
      cores: cores.reduce((sum, one) => sum + one, 0),
      memoryMiB: together,
      processes: cores.map((one, index) => ({ cores: one, memoryMiB: each[index] ?? 0 })),
      result,
    };
  } finally {
    ended.abort();
  }
}

interface Memory {
  readonly together: number;
  readonly each: readonly number[];
}

async function mostMemoryMiB(pids: readonly number[], signal: AbortSignal): Promise<Memory> {
  let together = 0;
  for (;;) {
    const residents = pids.map(residentOf);
    together = Math.max(together, withoutCopies(residents) / KIB_PER_MIB);
    try {
      await sleep(SAMPLE_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return { together, each: residents.map(({ ownKiB, programKiB }) => (ownKiB + programKiB) / KIB_PER_MIB) };
    }
  }
}

/** Processes that run the same program share its pages: the one that has the most of them stands for all. */
function withoutCopies(residents: readonly Resident[]): number {
  const shared = Map.groupBy(residents, ({ program }) => program).values();
  const programsKiB = shared.map((sharing) => Math.max(...sharing.map(({ programKiB }) => programKiB)));
  return residents.reduce((sum, { ownKiB }) => sum + ownKiB, 0) + programsKiB.reduce((sum, kib) => sum + kib, 0);
}
