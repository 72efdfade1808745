/** One pass over the plan after the other: when each is complete. */
import type { SeenRound } from './matrix-changes.ts';
import { STALE_AFTER_INTERVALS } from './standing-route.ts';
import type { StandingRoute, Times } from './standing-route.ts';

export type Turn =
  | { readonly trigger: 'interval'; readonly began: Times }
  | {
      readonly trigger: 'request';
      readonly began: Times;
      /** Keys of planned routes that were not attempted after that: what is known of them is older. */
      readonly missed: ReadonlySet<string>;
    };

interface Asked {
  readonly began: Times;
  /** Rounds that were asked for before this number are not meant. */
  readonly fromAsking: number;
  readonly awaited: Set<string>;
  readonly missed: Set<string>;
  /** Of `awaited`, when the latest of them came: monotonic. */
  left: number;
  movedAtMs: number;
}

/** Where nothing that was requested has come for so long, the rest does not come. Targets that bear little take longer. */
const REQUEST_RESTS_MS = 60_000;

export class Turns {
  #began: Times;
  readonly #seen = new Set<string>();
  #asked: Asked | undefined;

  constructor(now: Times) {
    this.#began = now;
  }

  /** From now on a pass is awaited in which each of `routes` is attempted after being asked; `planned` are all there are. */
  request(routes: readonly StandingRoute[], planned: readonly StandingRoute[], fromAsking: number, began: Times): void {
    const awaited = new Set(routes.filter(({ attempts }) => attempts > 0).map(({ key }) => key));
    const missed = new Set(planned.map(({ key }) => key).filter((key) => !awaited.has(key)));
    this.#asked = { began, fromAsking, awaited, missed, left: awaited.size, movedAtMs: began.monotonicMs };
  }

  note(rounds: readonly SeenRound[]): void {
    for (const { route, asked } of rounds) {
      this.#seen.add(route.key);
      if (this.#asked !== undefined && asked !== null && asked >= this.#asked.fromAsking) {
        this.#asked.awaited.delete(route.key);
        this.#asked.missed.delete(route.key);
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
      if (asked.awaited.size < asked.left) Object.assign(asked, { left: asked.awaited.size, movedAtMs: monotonicMs });
      const isOver = monotonicMs - asked.movedAtMs > REQUEST_RESTS_MS;
      for (const key of asked.awaited) {
        if (there.has(key) && !isOver) continue;
        asked.awaited.delete(key);
        asked.missed.add(key);
      }
      if (asked.awaited.size === 0) {
        done.push({ trigger: 'request', began: asked.began, missed: asked.missed });
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
