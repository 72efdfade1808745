/** A time limit that can be pushed on, on a clock that may be a test's. */
import type { Clock } from './clock.ts';

export class Deadline {
  /** Aborted when the time is up, or when the outer signal is. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #ended = new AbortController();
  #dueMs: number;

  constructor(clock: Clock, limitMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#dueMs = clock.monotonicMs() + limitMs;
    this.signal = AbortSignal.any([outer, this.#over.signal]);
    void this.#watch();
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  restart(limitMs: number): void {
    this.#dueMs = this.#clock.monotonicMs() + limitMs;
  }

  /** Nothing is aborted from now on; leaves no timer behind. */
  end(): void {
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    for (;;) {
      const leftMs = this.#dueMs - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      try {
        await this.#clock.sleep(leftMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
    if (!signal.aborted) this.#over.abort(new Error('the time is up'));
  }
}
