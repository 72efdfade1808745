/** The machine's own clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** A timer that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (delayMs, signal) => {
    signal?.throwIfAborted();
    try {
      let leftMs = delayMs;
      do {
        await sleep(Math.min(leftMs, MAX_TIMER_MS), undefined, { signal });
        leftMs -= MAX_TIMER_MS;
      } while (leftMs > 0);
    } catch (error) {
      throw signal?.aborted === true ? (signal.reason as unknown) : error;
    }
  },
};
