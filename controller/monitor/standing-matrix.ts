/** All routes of a plan as they stand: fed with declared states and rounds of attempts, asked for what has changed. */
import { attribute } from '../judge/attribution.ts';
import { judgeCell } from '../judge/drift.ts';
import { gatherEvidence } from '../judge/evidence.ts';
import type { Evidence } from '../judge/evidence.ts';
import type { Cell } from '../judge/finding.ts';
import { hasUnmetEndpoint } from '../judge/judge.ts';
import { isDrifting } from '../judge/settling.ts';
import { assembleCell, whyMissing } from '../measured/assemble.ts';
import type { Dialled } from '../measured/assemble.ts';
import type { MeasuredCell } from '../judge/measured-cell.ts';
import type { Report, Untested } from '../../proto/outcome.ts';
import type { Target, Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { accessOf } from './access.ts';
import type { RouteNow } from './current.ts';
import { changedAnswers } from './declared-state.ts';
import type { DeclaredState } from './declared-state.ts';
import type { ChangedObject, Transition } from './events.ts';
import type { Judged, Redeclared, SeenRound } from './matrix-changes.ts';
import type { Round } from './rounds.ts';
import { forget, observe } from './route-state.ts';
import type { RouteState } from './route-state.ts';
import { isOld, routeNow, taskText, unmeasured } from './standing-route.ts';
import type { StandingRoute, Times } from './standing-route.ts';
import { isSuppressed, suppressionNow } from './suppression.ts';
import { lostSight, transitionOf } from './transition.ts';

export interface MatrixOptions {
  readonly intervalMs: number;
  /** How long a change of the declared state may take to reach every proxy. */
  readonly settleMs: number;
  /** See JudgeOptions. */
  readonly trusted: readonly string[];
  readonly sessionsAreControl: boolean;
}

/** What is known of a route from before. */
export interface RememberedRoute {
  readonly key: string;
  readonly number: number;
  readonly state: RouteState;
}

/** One of several that a beat may bring for a route: each with the states on both sides of it. */
interface Told {
  readonly route: StandingRoute;
  readonly before: RouteState | undefined;
  readonly after: RouteState;
  readonly cell: Cell;
  readonly atMs: number;
}

/** Rounds that an endpoint of several may stay unmet through. */
const ROUNDS_KEPT = 5;

export class StandingMatrix {
  /** Between two attempts on a route, as it is now. */
  intervalMs: number;
  readonly #options: MatrixOptions;
  readonly #routes = new Map<string, StandingRoute>();
  readonly #byNumber = new Map<number, StandingRoute>();
  readonly #remembered: Map<string, RememberedRoute>;
  #nextNumber: number;
  #state: DeclaredState | undefined;

  constructor(options: MatrixOptions, remembered: readonly RememberedRoute[], nextNumber: number) {
    this.intervalMs = options.intervalMs;
    this.#options = options;
    this.#remembered = new Map(remembered.map((route) => [route.key, route]));
    this.#nextNumber = nextNumber;
  }

  get declared(): DeclaredState | undefined {
    return this.#state;
  }

  /** In the order of the plan. */
  routes(): readonly StandingRoute[] {
    return [...this.#routes.values()];
  }

  find(number: number): StandingRoute | undefined {
    return this.#byNumber.get(number);
  }

  /** What was remembered of routes that are not planned any more; once. */
  takeForgotten(): readonly string[] {
    const forgotten = [...this.#remembered.keys()];
    this.#remembered.clear();
    return forgotten;
  }

  redeclare(
    state: DeclaredState,
    dialledFor: (vantage: Vantage, target: Target) => readonly Dialled[],
    { monotonicMs }: Times,
  ): Redeclared {
    const changed = this.#state === undefined ? [] : changedAnswers(this.#state, state);
    this.#state = state;
    const former = new Map(this.#routes);
    this.#routes.clear();
    const assigned: StandingRoute[] = [];
    const begun: StandingRoute[] = [];
    const firstNew = this.#nextNumber;
    for (const [key, declared] of state.cells) {
      const { route: place, attempts: wanted } = declared.planned;
      const dialled = dialledFor(place.vantage, place.target);
      const attempts = dialled.length === 0 ? 0 : Math.max(wanted, dialled.length);
      const route = former.get(key) ?? this.#begin(key, vantageKey(place.vantage), declared, monotonicMs);
      former.delete(key);
      const isTheSame = taskText(route) === taskText({ declared, dialled, attempts });
      Object.assign(route, { declared, dialled, attempts });
      if (route.number >= firstNew) begun.push(route);
      if (!isTheSame) assigned.push(route);
      if (!isTheSame) route.rounds = [];
      this.#routes.set(key, route);
    }
    for (const key of changed) {
      const route = this.#routes.get(key);
      if (route !== undefined) Object.assign(route, { answerSinceMs: monotonicMs, rounds: [] });
    }
    const gone = [...former.values()];
    for (const { number } of gone) this.#byNumber.delete(number);
    return { begun, assigned, gone, changedAnswers: changed };
  }

  /**
   * Attempts on these have come in, of rounds that may take long: what is known of the route stays known until the round is
   * complete. Only a complete one makes known what was too old.
   */
  hear(numbers: Iterable<number>, { monotonicMs }: Times): void {
    for (const number of numbers) {
      const route = this.#byNumber.get(number);
      if (route !== undefined && !isOld(route, this.intervalMs, monotonicMs)) route.heardAtMs = monotonicMs;
    }
  }

  /** `missing`: why there is nothing of a vantage. `changesOf`: the change of the declared state that a route follows. */
  judge(
    rounds: ReadonlyMap<number, readonly Round[]>,
    times: Times,
    missing: (vantage: string) => Untested,
    changesOf: (route: string) => readonly ChangedObject[] | undefined,
  ): Judged {
    const told: Told[] = [];
    const changed = new Set<StandingRoute>();
    const doubtful = new Set<StandingRoute>();
    const seen: SeenRound[] = [];
    if (this.#state === undefined || rounds.size === 0) return { transitions: [], changed: [], doubtful: [], seen };
    const { mesh } = this.#state;
    for (const [number, complete] of rounds) {
      const route = this.#byNumber.get(number);
      const latest = complete.at(-1);
      if (route === undefined || latest === undefined) continue;
      route.measured = this.#measured(route, latest.reports, missing);
      if (latest.reports.some(({ outcome }) => outcome.kind !== 'untested')) route.heardAtMs = times.monotonicMs;
    }
    const evidence = gatherEvidence(mesh, this.#freshCells(times), this.#options.sessionsAreControl);
    for (const [number, complete] of rounds) {
      const route = this.#byNumber.get(number);
      if (route === undefined) continue;
      for (const { reports, asked } of complete) {
        const cell = this.#judgeRound(route, reports, evidence, missing);
        const atMs = Math.max(...reports.map(({ startedAtMs }) => startedAtMs));
        route.cell = cell;
        route.measuredAtMs = atMs;
        route.suppression = suppressionNow(this.#state, route, cell, this.#options.settleMs, times);
        seen.push({ route, atMs, agrees: cell.drift === 'agrees', asked });
        if (isSuppressed(cell, route.suppression)) continue;
        const before = route.state;
        const observed = observe(before, { drift: cell.drift, access: accessOf(cell.outcome), atMs });
        route.state = observed.state;
        changed.add(route);
        if (observed.wantsConfirmation) doubtful.add(route);
        else doubtful.delete(route);
        if (observed.isTransition) told.push({ route, before, after: observed.state, cell, atMs });
      }
    }
    const cells = told.some(({ cell }) => isDrifting(cell)) ? this.#attributed() : new Map<string, Cell>();
    const transitions = told.map(({ route, before, after, cell, atMs }) => {
      const attributed = cells.get(cell.key);
      const explained = attributed?.drift === cell.drift ? { ...cell, cause: attributed.cause } : cell;
      route.driftCell = explained;
      return transitionOf(explained, before, after, atMs, changesOf(route.key));
    });
    return { transitions, changed: [...changed], doubtful: [...doubtful], seen };
  }

  /** Routes that have become stale since it was last asked. */
  loseSight(times: Times, missing: (vantage: string) => Untested): Pick<Judged, 'transitions' | 'changed'> {
    const transitions: Transition[] = [];
    const changed: StandingRoute[] = [];
    for (const route of this.#routes.values()) {
      const { state, cell } = route;
      if (state === undefined || state.drift === 'unknown') continue;
      if (!isOld(route, this.intervalMs, times.monotonicMs)) continue;
      route.state = forget(state, times.wallMs);
      changed.push(route);
      const last = cell ?? unmeasured(this.#measured(route, [], missing));
      const { detail } = whyMissing(route.dialled, () => missing(route.vantage));
      transitions.push(lostSight(last, state, route.state, times.wallMs, detail));
    }
    return { transitions, changed };
  }

  now(times: Times, missing: (vantage: string) => Untested): readonly RouteNow[] {
    return this.routes().map((route) =>
      routeNow(route, this.intervalMs, times, () => this.#measured(route, [], missing)),
    );
  }

  #begin(key: string, vantage: string, declared: StandingRoute['declared'], nowMs: number): StandingRoute {
    const remembered = this.#remembered.get(key);
    this.#remembered.delete(key);
    const number = remembered?.number ?? this.#nextNumber;
    if (remembered === undefined) this.#nextNumber += 1;
    const route: StandingRoute = {
      key,
      number,
      vantage,
      declared,
      answerSinceMs: -Infinity,
      dialled: [],
      attempts: -1,
      state: remembered?.state,
      measured: undefined,
      cell: undefined,
      driftCell: undefined,
      rounds: [],
      measuredAtMs: null,
      heardAtMs: nowMs,
      suppression: null,
      shown: undefined,
    };
    this.#byNumber.set(number, route);
    return route;
  }

  #measured(route: StandingRoute, reports: readonly Report[], missing: (vantage: string) => Untested): MeasuredCell {
    const { declared, dialled, vantage } = route;
    const { planned: cell, expectation } = declared;
    return assembleCell({ cell, expectation, dialled, reports, missing: whyMissing(dialled, () => missing(vantage)) });
  }

  #judgeRound(
    route: StandingRoute,
    reports: readonly Report[],
    evidence: Evidence,
    missing: (vantage: string) => Untested,
  ): Cell {
    const { trusted } = this.#options;
    const cell = judgeCell(this.#measured(route, reports, missing), evidence, false, trusted);
    if (route.declared.expectation.endpoints === undefined) return cell;
    route.rounds = [...route.rounds, reports].slice(-ROUNDS_KEPT);
    if (route.rounds.length === 1 || !hasUnmetEndpoint(cell)) return cell;
    return judgeCell(this.#measured(route, route.rounds.flat(), missing), evidence, false, trusted);
  }

  /** What is too old proves nobody alive. */
  #freshCells({ monotonicMs }: Times): readonly MeasuredCell[] {
    const { intervalMs } = this;
    return [...this.#routes.values()].flatMap((route) =>
      route.measured !== undefined && !isOld(route, intervalMs, monotonicMs) ? [route.measured] : [],
    );
  }

  #attributed(): ReadonlyMap<string, Cell> {
    if (this.#state === undefined) return new Map();
    const cells = [...this.#routes.values()].flatMap(({ cell }) => cell ?? []);
    return new Map(attribute(this.#state.mesh, cells).map((cell) => [cell.key, cell]));
  }
}
