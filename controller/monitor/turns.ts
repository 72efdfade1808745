/** One pass over the plan after the other: when each is complete. */
import type { SweepTrigger } from './events.ts';
import type { SeenRound } from './matrix-changes.ts';
import { STALE_AFTER_INTERVALS } from './standing-route.ts';
import type { StandingRoute, Times } from './standing-route.ts';

export interface Turn {
  readonly trigger: SweepTrigger;
  readonly began: Times;
}

interface Asked extends Turn {
  /** Rounds that were asked for before this number are not meant. */
  readonly fromAsking: number;
  readonly awaited: Set<string>;
}

/** What has not been measured by then on request is not measured. */
const REQUEST_WITHIN_MS = 60_000;

export class Turns {
  #began: Times;
  readonly #seen = new Set<string>();
  #asked: Asked | undefined;

  constructor(now: Times) {
    this.#began = now;
  }

  /** From now on a pass is awaited in which each of these is attempted after being asked. */
  request(routes: readonly StandingRoute[], fromAsking: number, began: Times): void {
    const awaited = new Set(routes.filter(({ attempts }) => attempts > 0).map(({ key }) => key));
    this.#asked = { trigger: 'request', began, fromAsking, awaited };
  }

  note(rounds: readonly SeenRound[]): void {
    for (const { route, asked } of rounds) {
      this.#seen.add(route.key);
      if (this.#asked !== undefined && asked !== null && asked >= this.#asked.fromAsking) {
        this.#asked.awaited.delete(route.key);
      }
    }
  }

  /**
   * Passes that are complete, each once. `measurable`: routes that somebody is there to measure. A pass in which nothing
   * at all was seen is never complete; one that waits for a few is, after three intervals, without them.
   */
  complete(measurable: readonly StandingRoute[], intervalMs: number, { monotonicMs, wallMs }: Times): readonly Turn[] {
    const done: Turn[] = [];
    const asked = this.#asked;
    if (asked !== undefined) {
      const there = new Set(measurable.map(({ key }) => key));
      for (const key of asked.awaited) if (!there.has(key)) asked.awaited.delete(key);
      if (asked.awaited.size === 0 || monotonicMs - asked.began.monotonicMs > REQUEST_WITHIN_MS) {
        done.push({ trigger: asked.trigger, began: asked.began });
        this.#asked = undefined;
      }
    }
    const tookMs = monotonicMs - this.#began.monotonicMs;
    if (tookMs < intervalMs || this.#seen.size === 0) return done;
    const isComplete = measurable.every(({ key, attempts }) => attempts === 0 || this.#seen.has(key));
    if (!isComplete && tookMs < STALE_AFTER_INTERVALS * intervalMs) return done;
    done.push({ trigger: 'interval', began: this.#began });
    this.#began = { monotonicMs, wallMs };
    this.#seen.clear();
    return done;
  }
}
