/** A clock whose wall time a test sets on and back; durations go on as they did. */
import type { Clock } from '../../proto/clock.ts';

export interface SteppingClock extends Clock {
  readonly step: (byMs: number) => void;
}

export function steppingClock(clock: Clock): SteppingClock {
  let offsetMs = 0;
  return {
    ...clock,
    nowMs: () => clock.nowMs() + offsetMs,
    step: (byMs) => {
      offsetMs += byMs;
    },
  };
}

export const HOUR_MS = 3_600_000;
