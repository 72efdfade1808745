/** A clock on which everything is over many times sooner. */
import type { Clock } from '../../proto/clock.ts';

/** @param times How many of its milliseconds pass in one of the given clock's. */
export function hurriedClock(clock: Clock, times: number): Clock {
  return {
    nowMs: clock.nowMs,
    monotonicMs: () => clock.monotonicMs() * times,
    sleep: (delayMs, signal) => clock.sleep(delayMs / times, signal),
  };
}
