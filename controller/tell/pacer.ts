/** So many at once, and then so many a second. */
import type { Clock } from '../../proto/clock.ts';

export interface Pace {
  readonly burst: number;
  readonly perSecond: number;
}

export class Pacer {
  readonly #clock: Clock;
  readonly #pace: Pace;
  #left: number;
  #atMs: number;

  constructor(clock: Clock, pace: Pace) {
    this.#clock = clock;
    this.#pace = pace;
    this.#left = pace.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** Resolves when there is room for one more. Rejects with the signal's reason. */
  async turn(signal: AbortSignal): Promise<void> {
    const { burst, perSecond } = this.#pace;
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) / 1000) * perSecond) - 1;
    this.#atMs = nowMs;
    if (this.#left < 0) await this.#clock.sleep((-this.#left / perSecond) * 1000, signal);
  }
}
