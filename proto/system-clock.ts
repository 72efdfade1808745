/** The machine's own clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (delayMs, signal) => {
    signal?.throwIfAborted();
    try {
      await sleep(delayMs, undefined, { signal });
    } catch (error) {
      throw signal?.aborted === true ? (signal.reason as unknown) : error;
    }
  },
};
