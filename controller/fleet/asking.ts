/** Attempts beside the plan: asked for now, made as soon as their targets may be tried again. */
import { confirmationNumber } from '../monitor/rounds.ts';
import type { StandingRoute } from '../monitor/standing-route.ts';
import type { Fleet } from './fleet.ts';
import { Allowance } from './pacing.ts';
import { taskOf } from './routes.ts';
import type { RoutedCell } from './routes.ts';

export class Asking {
  readonly #fleet: Fleet;
  readonly #allowance: Allowance;
  readonly #waiting = new Set<StandingRoute>();
  /** Told to agents: they need not remember it once it is done. By vantage. */
  readonly #told = new Map<string, Set<number>>();
  /** Of the latest asking. Agents that stay take a number that they have seen for done. */
  #slot: number;

  /** `firstSlot`: above all that a former controller gave. */
  constructor(fleet: Fleet, attemptsPerSecond: number, firstSlot: number) {
    this.#fleet = fleet;
    this.#allowance = new Allowance(attemptsPerSecond);
    this.#slot = firstSlot;
  }

  /** Answers the number that rounds which are asked for from now on are not below. */
  ask(routes: Iterable<StandingRoute>): number {
    for (const route of routes) if (route.attempts > 0) this.#waiting.add(route);
    return this.#slot + 1;
  }

  forget(route: StandingRoute): void {
    this.#waiting.delete(route);
    this.#told.get(route.vantage)?.delete(confirmationNumber(route.number));
  }

  /** Its attempts are made. */
  answered(route: StandingRoute): void {
    const number = confirmationNumber(route.number);
    if (this.#told.get(route.vantage)?.delete(number) === true) this.#fleet.unassign(route.vantage, [number]);
  }

  /** Hands out what may be attempted now. `nowMs`: monotonic. */
  handOut(nowMs: number): void {
    const due = [...this.#waiting].filter((route) => this.#allowance.take(routedCell(route), nowMs));
    this.#allowance.sweepOut(nowMs);
    if (due.length === 0) return;
    this.#slot += 1;
    for (const [vantage, routes] of Map.groupBy(due, (route) => route.vantage)) {
      const tasks = routes.map((route) => {
        return { ...taskOf(routedCell(route), this.#slot), route: confirmationNumber(route.number) };
      });
      const told = this.#told.get(vantage) ?? new Set();
      this.#told.set(vantage, told);
      for (const { route } of tasks) told.add(route);
      this.#fleet.assign(vantage, tasks);
    }
    for (const route of due) this.#waiting.delete(route);
  }
}

export function routedCell({ declared, number, vantage, dialled, attempts }: StandingRoute): RoutedCell {
  return { cell: declared.planned, route: number, vantage, dialled, attempts };
}
