/** The agents of a fleet that stays: one for each vantage that is wanted, started again where one is lost. */
import type { Clock } from '../../proto/clock.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { Fleet } from './fleet.ts';
import type { Launcher } from './launcher.ts';

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
  readonly #posts = new Map<string, Post>();

  constructor(deps: CrewDeps) {
    this.#deps = deps;
  }

  /** From now on there is to be an agent for each of these, and for no others. */
  async want(vantages: readonly Vantage[]): Promise<void> {
    const wanted = new Map(vantages.map((vantage) => [vantageKey(vantage), vantage]));
    const superfluous = [...this.#posts]
      .filter(([key]) => !wanted.has(key))
      .map(([key, { vantage }]) => {
        this.#posts.delete(key);
        return vantage;
      });
    if (superfluous.length > 0) await this.#deps.launcher.retire?.(superfluous);
    for (const [key, vantage] of wanted) {
      if (this.#posts.has(key)) continue;
      this.#posts.set(key, { vantage, failures: 0, notBeforeMs: 0, startedAtMs: -Infinity });
    }
  }

  /**
   * Starts who is missing, and dismisses who is not wanted. To be called now and then, once it is known who is. Rejects
   * where agents cannot be started; they are tried again later.
   */
  async tend(signal: AbortSignal): Promise<void> {
    const { fleet, launcher, clock, debug } = this.#deps;
    const nowMs = clock.monotonicMs();
    for (const { id, vantage } of fleet.roster.agents()) {
      if (!this.#posts.has(vantageKey(vantage))) fleet.dismiss(id);
    }
    const due = [...this.#posts.values()].filter((post) => this.#isVacant(post) && post.notBeforeMs <= nowMs);
    if (due.length === 0) return;
    for (const post of due) {
      const key = vantageKey(post.vantage);
      const lost = fleet.roster.agents().filter((agent) => vantageKey(agent.vantage) === key);
      for (const { id, why } of lost) {
        debug(`agent ${id} is started again: ${why}`);
        fleet.roster.forget(id);
      }
      if (nowMs - post.startedAtMs > PROVED_AFTER_MS) post.failures = 0;
      post.notBeforeMs = nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** post.failures);
      post.failures += 1;
      post.startedAtMs = nowMs;
    }
    await launcher.launch(
      due.map(({ vantage }) => vantage),
      fleet.endpoint,
      signal,
    );
  }

  #isVacant({ vantage }: Post): boolean {
    const holder = this.#deps.fleet.roster.holderOf(vantageKey(vantage));
    return holder === undefined || holder.state === 'lost';
  }
}
