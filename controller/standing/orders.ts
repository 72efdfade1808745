/** What agents are told: which routes they keep attempting, how often, and what they are asked for beside. */
import { Asking, routedCell } from '../fleet/asking.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { shortestIntervalMs } from '../fleet/pacing.ts';
import { taskOf } from '../fleet/routes.ts';
import type { StandingMatrix } from '../monitor/standing-matrix.ts';
import type { StandingRoute } from '../monitor/standing-route.ts';

export interface OrdersOptions {
  readonly intervalMs: number;
  readonly attemptsPerSecond: number;
}

export class Orders {
  /** Attempts beside the plan. */
  readonly asking: Asking;
  readonly #matrix: StandingMatrix;
  readonly #fleet: Fleet;
  readonly #options: OrdersOptions;
  /** What agents have not been told yet, of routes that are planned. */
  readonly #untold = new Set<StandingRoute>();

  /** `firstSlot`: see `Asking`. */
  constructor(matrix: StandingMatrix, fleet: Fleet, options: OrdersOptions, firstSlot: number) {
    this.asking = new Asking(fleet, options.attemptsPerSecond, firstSlot);
    this.#matrix = matrix;
    this.#fleet = fleet;
    this.#options = options;
  }

  /** `assigned` are attempted in another way from now on, `gone` not at all: an address may be another's by now. */
  change(assigned: readonly StandingRoute[], gone: readonly StandingRoute[]): void {
    for (const route of gone) this.#untold.delete(route);
    const ended = [...gone, ...assigned.filter(({ attempts }) => attempts === 0)];
    this.asking.forget(ended);
    for (const [vantage, routes] of Map.groupBy(ended, (route) => route.vantage)) {
      this.#fleet.unassign(
        vantage,
        routes.map(({ number }) => number),
      );
    }
    const intervalMs = this.#bearableMs();
    const isAnotherPace = intervalMs !== this.#matrix.intervalMs;
    this.#matrix.intervalMs = intervalMs;
    for (const route of isAnotherPace ? this.#matrix.routes() : assigned) this.#untold.add(route);
  }

  /** No agent hears of a number before it is stored: the next controller would give it to another route. */
  tell(): void {
    const { intervalMs } = this.#matrix;
    const dialled = [...this.#untold].filter(({ attempts }) => attempts > 0);
    this.#untold.clear();
    for (const [vantage, routes] of Map.groupBy(dialled, (route) => route.vantage)) {
      this.#fleet.assign(
        vantage,
        routes.map((route) => ({ ...taskOf(routedCell(route), 0), intervalMs })),
      );
    }
  }

  /** Routes that an agent is there for, and has been told of. */
  measurable(): readonly StandingRoute[] {
    const { roster } = this.#fleet;
    const isThere = new Map<string, boolean>();
    return this.#matrix.routes().filter((route) => {
      if (this.#untold.has(route)) return false;
      const { vantage } = route;
      const known = isThere.get(vantage) ?? roster.holderOf(vantage)?.state === 'up';
      isThere.set(vantage, known);
      return known;
    });
  }

  /** As often as was asked for, or as often as the targets can take it. */
  #bearableMs(): number {
    const tasks = this.#matrix.routes().map(routedCell);
    const shortestMs = shortestIntervalMs(tasks, this.#options.attemptsPerSecond);
    return Math.max(this.#options.intervalMs, shortestMs);
  }
}
