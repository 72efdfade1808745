/** The agents of a fleet that stays: one for each vantage that is wanted, started again where one is lost. */
import type { Clock } from '../../proto/clock.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { Fleet } from './fleet.ts';
import type { Launcher } from './launcher.ts';
import type { Agent } from './roster.ts';

export interface CrewDeps {
  readonly fleet: Fleet;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

interface Post {
  readonly vantage: Vantage;
  failures: number;
  /** Monotonic: not started again before. */
  notBeforeMs: number;
  /** Monotonic: of the latest start. */
  startedAtMs: number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;
/** One that has been up for so long did not fail at the start. */
const PROVED_AFTER_MS = 60_000;

export class Crew {
  readonly #deps: CrewDeps;
  /** By `vantageKey`. */
  #wanted: ReadonlyMap<string, Vantage> = new Map();
  readonly #posts = new Map<string, Post>();

  constructor(deps: CrewDeps) {
    this.#deps = deps;
  }

  /** From the next tending on there is to be an agent for each of these, and for no others. */
  want(vantages: readonly Vantage[]): void {
    this.#wanted = new Map(vantages.map((vantage) => [vantageKey(vantage), vantage]));
  }

  /**
   * Starts who is missing, and dismisses who is not wanted. To be called now and then, once it is known who is, and not
   * again before it has settled. Rejects where agents cannot be started; they are tried again later. False: somebody is
   * missing whose turn has not come yet.
   */
  async tend(signal: AbortSignal): Promise<boolean> {
    const { fleet, launcher, clock, debug } = this.#deps;
    for (const { id, vantage, state } of fleet.roster.agents()) {
      const key = vantageKey(vantage);
      if (!this.#wanted.has(key)) fleet.dismiss(id);
      // Another one does what it did.
      else if (state === 'lost' && fleet.roster.holderOf(key)?.id !== id) fleet.roster.forget(id);
    }
    const superfluous = [...this.#posts].filter(([key]) => !this.#wanted.has(key));
    for (const [key, vantage] of this.#wanted) {
      if (!this.#posts.has(key)) this.#posts.set(key, { vantage, failures: 0, notBeforeMs: 0, startedAtMs: -Infinity });
    }
    for (const [key] of superfluous) this.#posts.delete(key);
    if (superfluous.length > 0) await launcher.retire?.(superfluous.map(([, { vantage }]) => vantage));
    const nowMs = clock.monotonicMs();
    const posts = [...this.#posts.values()];
    for (const post of posts) if (this.#isProved(post, nowMs)) post.failures = 0;
    const vacant = posts.filter((post) => this.#isVacant(post));
    const due = vacant.filter(({ notBeforeMs }) => notBeforeMs <= nowMs);
    if (due.length === 0) return vacant.length === 0;
    for (const post of due) {
      const key = vantageKey(post.vantage);
      const lost = fleet.roster.agents().filter((agent) => vantageKey(agent.vantage) === key);
      for (const { id, why } of lost) {
        debug(`agent ${id} is started again: ${why}`);
        fleet.roster.forget(id);
      }
    }
    try {
      await launcher.launch(
        due.map(({ vantage }) => vantage),
        fleet.endpoint,
        signal,
      );
    } finally {
      const startedAtMs = clock.monotonicMs();
      for (const post of due) {
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** post.failures);
        Object.assign(post, { failures: post.failures + 1, startedAtMs, notBeforeMs: startedAtMs + pauseMs });
      }
    }
    return due.length === vacant.length;
  }

  /** That it was started long ago says nothing: a pause may be longer. */
  #isProved({ vantage, startedAtMs }: Post, nowMs: number): boolean {
    return this.#holderOf(vantage)?.state === 'up' && nowMs - startedAtMs > PROVED_AFTER_MS;
  }

  #isVacant({ vantage }: Post): boolean {
    const holder = this.#holderOf(vantage);
    return holder === undefined || holder.state === 'lost';
  }

  #holderOf(vantage: Vantage): Agent | undefined {
    return this.#deps.fleet.roster.holderOf(vantageKey(vantage));
  }
}
