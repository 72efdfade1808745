/** One sweep serves all who ask at the same time, and those who ask soon after. */
import { Deadline } from '../../../proto/deadline.ts';
import { messageOf } from '../../../proto/errors.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import type { Clock } from '../../../proto/clock.ts';
import type { RouteNow } from '../../monitor/current.ts';
import type { Monitored } from '../../monitor/monitored.ts';

export interface FreshSweepsDeps {
  readonly monitored: Pick<Monitored, 'sweepNow' | 'current'>;
  readonly clock: Clock;
  /** Aborts when the controller ends. */
  readonly ending: AbortSignal;
}

export type SweepState =
  | { readonly kind: 'done' }
  /** It goes on; who asks again joins it. */
  | { readonly kind: 'under-way' }
  | { readonly kind: 'failed'; readonly why: string };

/** Of the longest sweep that anybody waits for. */
const WITHIN_MS = 900_000;

export class FreshSweeps {
  readonly #deps: FreshSweepsDeps;
  /** Monotonic: when the latest was asked for; what it found is not older. */
  #doneSinceMs = -Infinity;
  /** When each route had been measured last before it began, by the clock of its agent. */
  #before: ReadonlyMap<string, number | null> = new Map();
  #underWay: Promise<SweepState> | undefined;

  constructor(deps: FreshSweepsDeps) {
    this.#deps = deps;
  }

  /**
   * When it is done, every route has been attempted since `sinceMs` (monotonic) that somebody is there to attempt; waits
   * until `untilMs`. Never rejects.
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
      return { kind: this.#doneSinceMs < sinceMs ? 'under-way' : 'done' };
    } catch (error) {
      return limit.isOver ? { kind: 'under-way' } : { kind: 'failed', why: messageOf(error) };
    } finally {
      limit.end();
    }
  }

  /** It was attempted since the latest sweep began: a sweep does not wait for those whose agent is away. */
  hasMeasured({ cell: { key }, measuredAtMs }: RouteNow): boolean {
    return measuredAtMs !== null && measuredAtMs !== this.#before.get(key);
  }

  #sweep(): Promise<SweepState> {
    this.#underWay ??= this.#begin();
    return this.#underWay;
  }

  /** Whoever waits may go away; the sweep is for all. */
  async #begin(): Promise<SweepState> {
    const { monitored, clock, ending } = this.#deps;
    const [beganMs, atMs] = [clock.monotonicMs(), clock.nowMs()];
    const before = new Map(monitored.current().routes.map(({ cell, measuredAtMs }) => [cell.key, measuredAtMs]));
    try {
      const { startedAtMs } = await monitored.sweepNow(AbortSignal.any([ending, AbortSignal.timeout(WITHIN_MS)]));
      // What had been measured of another's by then cannot be told from what nobody has measured.
      if (startedAtMs >= atMs) [this.#doneSinceMs, this.#before] = [beganMs, before];
      return { kind: 'done' };
    } catch (error) {
      return { kind: 'failed', why: messageOf(error) };
    } finally {
      this.#underWay = undefined;
    }
  }
}
