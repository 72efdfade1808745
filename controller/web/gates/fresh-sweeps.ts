/** One sweep serves all who ask at the same time, and those who ask soon after. */
import { Deadline } from '../../../proto/deadline.ts';
import { messageOf } from '../../../proto/errors.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import type { Clock } from '../../../proto/clock.ts';
import type { Monitored } from '../../monitor/monitored.ts';

export interface FreshSweepsDeps {
  readonly monitored: Pick<Monitored, 'sweepNow'>;
  readonly clock: Clock;
  /** Aborts when the controller ends. */
  readonly ending: AbortSignal;
}

export type SweepState =
  /** `missed`: keys of routes that were not attempted in it. */
  | { readonly kind: 'done'; readonly missed: ReadonlySet<string> }
  /** It goes on; who asks again joins it. */
  | { readonly kind: 'under-way' }
  | { readonly kind: 'failed'; readonly why: string };

/** Of the longest sweep that anybody waits for. */
const WITHIN_MS = 900_000;

export class FreshSweeps {
  readonly #deps: FreshSweepsDeps;
  /** Monotonic: when the latest was asked for; what it found is not older. */
  #doneSinceMs = -Infinity;
  #missed: ReadonlySet<string> = new Set();
  #underWay: Promise<SweepState> | undefined;

  constructor(deps: FreshSweepsDeps) {
    this.#deps = deps;
  }

  /**
   * Every route but the missed has been attempted since `sinceMs` (monotonic) when it is done; waits until `untilMs`. Never
   * rejects.
   */
  async since(sinceMs: number, untilMs: number): Promise<SweepState> {
    const { clock, ending } = this.#deps;
    const limit = new Deadline(clock, untilMs - clock.monotonicMs(), ending);
    try {
      // The first may be one that had begun before; the next one then has not.
      for (let at = 0; at < 2 && this.#doneSinceMs < sinceMs; at += 1) {
        const state = await orAborted(this.#sweep(), limit.signal);
        if (state.kind !== 'done') return state;
      }
      return this.#doneSinceMs < sinceMs ? { kind: 'under-way' } : { kind: 'done', missed: this.#missed };
    } catch (error) {
      return limit.isOver ? { kind: 'under-way' } : { kind: 'failed', why: messageOf(error) };
    } finally {
      limit.end();
    }
  }

  #sweep(): Promise<SweepState> {
    this.#underWay ??= this.#begin();
    return this.#underWay;
  }

  /** Whoever waits may go away; the sweep is for all. */
  async #begin(): Promise<SweepState> {
    const { monitored, clock, ending } = this.#deps;
    const [beganMs, atMs] = [clock.monotonicMs(), clock.nowMs()];
    try {
      const { summary, missed } = await monitored.sweepNow(AbortSignal.any([ending, AbortSignal.timeout(WITHIN_MS)]));
      this.#doneSinceMs = beganMs - Math.max(0, atMs - summary.startedAtMs);
      this.#missed = missed;
      return { kind: 'done', missed };
    } catch (error) {
      return { kind: 'failed', why: messageOf(error) };
    } finally {
      this.#underWay = undefined;
    }
  }
}
