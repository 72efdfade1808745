/** How long to wait before the next attempt: longer each time, and never all at the same moment. */

export interface BackoffOptions {
  /** @default 500 */
  readonly firstMs?: number;
  /** @default 30 000 */
  readonly longestMs?: number;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
}

export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ firstMs = 500, longestMs = 30_000, random = Math.random }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** Failures one after the other. */
  get failures(): number {
    return this.#failures;
  }

  /** Half of the time is fixed and half of it is chance; what the server wishes for is the least. */
  nextMs(retryAfterMs: number | null = null): number {
    const fullMs = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    const chance = this.#random();
    return Math.max((retryAfterMs ?? 0) + chance * this.#firstMs, (fullMs / 2) * (1 + chance));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
