/** A clock that stands still until a test moves it. */
import type { Clock } from '../../proto/clock.ts';

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.#nowMs = startMs;
  }

  readonly nowMs = (): number => this.#nowMs;
  readonly monotonicMs = (): number => this.#nowMs;

  readonly sleep = (delayMs: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (delayMs <= 0) return Promise.resolve();
    const sleeper: Sleeper = {
      wakesAtMs: this.#nowMs + delayMs,
      wake: () => {
        resolve(undefined);
      },
    };
    this.#sleepers.add(sleeper);
    signal?.addEventListener('abort', () => {
      this.#sleepers.delete(sleeper);
      reject(signal.reason as Error);
    });
    return promise;
  };

  /** Wakes everybody whose time has come, in order, and lets them run. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = [...this.#sleepers]
        .filter(({ wakesAtMs }) => wakesAtMs <= untilMs)
        .sort((a, b) => a.wakesAtMs - b.wakesAtMs)[0];
      if (next === undefined) break;
      this.#nowMs = next.wakesAtMs;
      this.#sleepers.delete(next);
      next.wake();
      await new Promise(setImmediate);
    }
    this.#nowMs = untilMs;
    await new Promise(setImmediate);
  }
}
