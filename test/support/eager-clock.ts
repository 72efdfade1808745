/** A clock on which waiting takes no time: every wait is over at once, and remembered. Deadlines stay out of the way. */
import type { Clock } from '../../proto/clock.ts';

export class EagerClock implements Clock {
  /** Every wait that was over, milliseconds, in order. */
  readonly waits: number[] = [];
  readonly #deadlineMs: number;
  #nowMs: number;

  /** @param deadlineMs Waits of this length never end by themselves: nothing is late on this clock. */
  constructor(deadlineMs: number, startMs: number) {
    this.#deadlineMs = deadlineMs;
    this.#nowMs = startMs;
  }

  readonly nowMs = (): number => this.#nowMs;
  readonly monotonicMs = (): number => this.#nowMs;

  readonly sleep = async (delayMs: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const aborted = (): void => {
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    // Time passes for all at once, so that a deadline can only be told by its length: what is left of one is less.
    if (delayMs <= 0 || delayMs !== this.#deadlineMs) setImmediate(resolve, undefined);
    await promise;
    signal?.removeEventListener('abort', aborted);
    this.waits.push(delayMs);
    this.#nowMs += delayMs;
  };
}
