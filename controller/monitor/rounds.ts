/** Reports made into rounds: the attempts of one slot on one route, which only together say something. */
import type { Report } from '../../proto/outcome.ts';
import { atItsAddress } from '../measured/collected.ts';

/** A confirmation is asked for under the number of its route and this bit: the plan goes on beside it. */
const CONFIRMATION_BIT = 2 ** 31;

export interface Round {
  /** Of attempts that were asked for beside the plan: which asking it was. Null: the plan's own turn. */
  readonly asked: number | null;
  /** Each attempt once, in their order. */
  readonly reports: readonly Report[];
}

/** `counted`: it is news. `late`: a newer slot of the route is known. `unasked`: no such route or attempt. */
export type ReportFate = 'counted' | 'late' | 'unasked';

interface Gathering {
  slot: number;
  readonly reports: Map<number, Report>;
}

interface Route {
  attempts: number;
  addresses: number;
  readonly scheduled: Gathering;
  readonly confirmation: Gathering;
  /** Oldest first. */
  readonly complete: Round[];
}

/** Rounds of a route that nobody has looked at yet; the oldest go first. */
const MOST_WAITING = 5;

export class Rounds {
  readonly #routes = new Map<number, Route>();
  readonly #waiting = new Set<number>();
  readonly #heard = new Set<number>();

  /** What a round of the route consists of. A change of it ends what was being gathered. */
  expect(number: number, attempts: number, addresses: number): void {
    const route = this.#routes.get(number);
    if (route?.attempts === attempts && route.addresses === addresses) return;
    this.#routes.set(number, {
      attempts,
      addresses,
      scheduled: { slot: -1, reports: new Map() },
      confirmation: { slot: -1, reports: new Map() },
      complete: [],
    });
    this.#waiting.delete(number);
  }

  forget(number: number): void {
    this.#routes.delete(number);
    this.#waiting.delete(number);
    this.#heard.delete(number);
  }

  /** A new start of the agent numbers its slots by another clock: what comes next is news. */
  restart(number: number): void {
    const route = this.#routes.get(number);
    if (route === undefined) return;
    for (const gathering of [route.scheduled, route.confirmation]) {
      gathering.slot = -1;
      gathering.reports.clear();
    }
  }

  /** The number of the route that a report is on, asked for or not. */
  static routeOf({ route }: Report): number {
    return route >= CONFIRMATION_BIT ? route - CONFIRMATION_BIT : route;
  }

  add(report: Report): ReportFate {
    const isConfirmation = report.route >= CONFIRMATION_BIT;
    const number = Rounds.routeOf(report);
    const route = this.#routes.get(number);
    if (route === undefined || report.attempt >= route.attempts) return 'unasked';
    const gathering = isConfirmation ? route.confirmation : route.scheduled;
    const isComplete = gathering.reports.size >= route.attempts;
    if (report.slot < gathering.slot || (report.slot === gathering.slot && isComplete)) return 'late';
    if (report.slot > gathering.slot) {
      if (!isComplete) this.#close(number, route, gathering, isConfirmation);
      gathering.slot = report.slot;
      gathering.reports.clear();
    }
    if (gathering.reports.has(report.attempt)) return 'late';
    if (report.outcome.kind !== 'untested') this.#heard.add(number);
    gathering.reports.set(report.attempt, atItsAddress(report, route.addresses));
    if (gathering.reports.size === route.attempts) this.#close(number, route, gathering, isConfirmation);
    return 'counted';
  }

  /** Numbers of the routes of which an attempt that tested anything has come in since, complete or not; each once. */
  takeHeard(): readonly number[] {
    const heard = [...this.#heard];
    this.#heard.clear();
    return heard;
  }

  /** What has become complete since, by number of the route; each once. */
  take(): ReadonlyMap<number, readonly Round[]> {
    const taken = new Map<number, readonly Round[]>();
    for (const number of this.#waiting) {
      const complete = this.#routes.get(number)?.complete ?? [];
      taken.set(number, complete.splice(0));
    }
    this.#waiting.clear();
    return taken;
  }

  /** Half a round is looked at as well, when the next one begins: what is missing of it is not measured. */
  #close(number: number, { complete }: Route, { slot, reports }: Gathering, isConfirmation: boolean): void {
    if (reports.size === 0) return;
    const inOrder = [...reports.values()].sort((a, b) => a.attempt - b.attempt);
    complete.push({ asked: isConfirmation ? slot : null, reports: inOrder });
    if (complete.length > MOST_WAITING) complete.shift();
    this.#waiting.add(number);
  }
}

/** The number under which a route is attempted once more, beside the plan. */
export function confirmationNumber(route: number): number {
  return route + CONFIRMATION_BIT;
}
