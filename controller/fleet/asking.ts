/** Attempts beside the plan: asked for now, made as soon as their targets may be tried again. */
import { confirmationNumber } from '../monitor/rounds.ts';
import type { SeenRound } from '../monitor/matrix-changes.ts';
import type { StandingRoute } from '../monitor/standing-route.ts';
import type { Fleet } from './fleet.ts';
import { Allowance } from './pacing.ts';
import { taskOf } from './routes.ts';
import type { RoutedCell } from './routes.ts';

export class Asking {
  readonly #fleet: Fleet;
  readonly #allowance: Allowance;
  readonly #waiting = new Set<StandingRoute>();
  /** Told to agents, who need not remember it once it is done: by vantage and number, which asking it was. */
  readonly #told = new Map<string, Map<number, number>>();
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

  /** They are not to be attempted any more. */
  forget(routes: readonly StandingRoute[]): void {
    for (const route of routes) this.#waiting.delete(route);
    this.#end(routes);
  }

  /** What was asked for is done, unless it was asked for again meanwhile. */
  answered(seen: readonly SeenRound[]): void {
    const isDone = ({ route, asked }: SeenRound): boolean => {
      const slot = this.#told.get(route.vantage)?.get(confirmationNumber(route.number));
      return asked !== null && slot !== undefined && asked >= slot;
    };
    this.#end(seen.filter(isDone).map(({ route }) => route));
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
      const told = this.#told.get(vantage) ?? new Map<number, number>();
      this.#told.set(vantage, told);
      for (const { route, slot } of tasks) told.set(route, slot);
      this.#fleet.assign(vantage, tasks);
    }
    for (const route of due) this.#waiting.delete(route);
  }

  #end(routes: readonly StandingRoute[]): void {
    for (const [vantage, some] of Map.groupBy(routes, (route) => route.vantage)) {
      const told = this.#told.get(vantage);
      const numbers = some.map(({ number }) => confirmationNumber(number)).filter((number) => told?.delete(number));
      if (told?.size === 0) this.#told.delete(vantage);
      if (numbers.length > 0) this.#fleet.unassign(vantage, numbers);
    }
  }
}

export function routedCell({ declared, number, vantage, dialled, attempts }: StandingRoute): RoutedCell {
  return { cell: declared.planned, route: number, vantage, dialled, attempts };
}
