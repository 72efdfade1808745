/** Time as a dependency, so that tests decide what time it is. */

export interface Clock {
  /** Wall clock, milliseconds since 1970. Steps when the machine's clock is set. */
  readonly nowMs: () => number;
  /** Never steps back; for durations and deadlines. */
  readonly monotonicMs: () => number;
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>;
}
