/** One measuring of a plan: agents placed, told what to do, and waited for; what they did not do has a reason. */
import { randomInt } from 'node:crypto';
import type { Clock } from '../../proto/clock.ts';
import type { Report, Untested, UntestedWhy } from '../../proto/outcome.ts';
import type { Expectation } from '../declared/expectation.ts';
import type { MeasuredCell } from '../judge/measured-cell.ts';
import { assembleCell, whyMissing } from '../measured/assemble.ts';
import { Collected } from '../measured/collected.ts';
import type { Plan } from '../plan/plan.ts';
import { DEFAULT_FLEET_OPTIONS, Fleet } from './fleet.ts';
import type { Launcher } from './launcher.ts';
import { whyNobodyReports } from './missing.ts';
import { wavesOf } from './pacing.ts';
import type { Agent } from './roster.ts';
import { routeCells, taskOf } from './routes.ts';
import type { RoutedCell } from './routes.ts';

export type MeasureProgress =
  | { readonly kind: 'agents'; readonly up: number; readonly planned: number }
  | { readonly kind: 'tasks'; readonly finished: number; readonly planned: number };

export interface MeasurementDeps {
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly progress: (event: MeasureProgress) => void;
  readonly debug: (message: string) => void;
}

export interface MeasurementOptions {
  /** Vantages whose agent has not come by then are left out. */
  readonly connectWithinMs: number;
  /** How long an agent may be silent before it is given up. */
  readonly lostAfterMs: number;
  readonly heartbeatIntervalMs: number;
  /** Of all agents together on one pod, or on one Service. `Infinity`: as fast as they can. @default Infinity */
  readonly attemptsPerSecond?: number;
}

export class Measurement implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #routed: readonly RoutedCell[];
  readonly #collected: Collected;
  readonly #fleet: Fleet;
  readonly #deps: MeasurementDeps;
  readonly #attemptsPerSecond: number;
  /**
   * Of the latest attempts; each round of attempts has one of its own. From a number that no other measuring starts
   * from, so that an agent that served another controller neither takes our plan for done nor its old outcomes for ours.
   */
  #slot = randomInt(2 ** 31);
  readonly #stopListening: () => void;

  private constructor(
    plan: Plan,
    routed: readonly RoutedCell[],
    collected: Collected,
    fleet: Fleet,
    deps: MeasurementDeps,
    attemptsPerSecond: number,
  ) {
    this.#attemptsPerSecond = attemptsPerSecond;
    this.#plan = plan;
    this.#routed = routed;
    this.#collected = collected;
    this.#fleet = fleet;
    this.#deps = deps;
    this.#stopListening = deps.launcher.onLost((agentId, why) => {
      fleet.lose(agentId, why);
    });
  }

  /** Resolves when every agent is connected, or given up. Rejects where agents cannot be started at all. */
  static async begin(
    plan: Plan,
    deps: MeasurementDeps,
    options: MeasurementOptions,
    signal: AbortSignal,
  ): Promise<Measurement> {
    const { launcher, clock, debug } = deps;
    const routed = routeCells(plan.cells, launcher.addressesOf);
    const collected = new Collected(routed);
    const fleet = await Fleet.start(
      {
        clock,
        debug,
        record: ({ vantage, reports }) => {
          for (const report of reports) collected.add(vantage, report);
          return 'kept';
        },
      },
      { ...DEFAULT_FLEET_OPTIONS, ...options, meeting: launcher.meeting },
    );
    const measurement = new Measurement(plan, routed, collected, fleet, deps, options.attemptsPerSecond ?? Infinity);
    try {
      await measurement.#placeAgents(options.connectWithinMs, signal);
      return measurement;
    } catch (error) {
      await measurement[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Attempts the cells, each as often as it was planned. What tested nothing because an agent was not fit to measure is
   * attempted again, a few times, after a pause. Work is handed out no faster than its targets may be tried; what has not
   * been handed out when the time is up is not measured. Resolves when all is reported, when what is not reported is known to be
   * dropped, when the agents that have not reported are lost, or when `withinMs` has passed.
   */
  async attempt(keys: ReadonlySet<string>, withinMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const untilMs = clock.monotonicMs() + withinMs;
    let tasks = this.#routed.filter(({ cell, attempts }) => attempts > 0 && keys.has(cell.key));
    for (const pauseMs of [0, ...RECOVERY_PAUSES_MS]) {
      if (tasks.length === 0 || clock.monotonicMs() + pauseMs > untilMs) return;
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      this.#slot += 1;
      const slot = this.#slot;
      await this.#attemptOnce(tasks, slot, untilMs - clock.monotonicMs(), signal);
      tasks = tasks.filter(({ route }) => this.#collected.reportsOn(route).some((report) => isUnfit(report, slot)));
    }
  }

  /** The matrix as it is measured so far. `expectations` in the order of the plan's cells. */
  cells(expectations: readonly Expectation[]): readonly MeasuredCell[] {
    return this.#routed.flatMap((routed, index) => {
      const expectation = expectations[index];
      if (expectation === undefined) return [];
      const { cell, dialled, route, vantage } = routed;
      const reports = this.#collected.reportsOn(route);
      const missing = whyMissing(dialled, () => this.#whyNothingOf(vantage));
      return [assembleCell({ cell, expectation, dialled, reports, missing })];
    });
  }

  /** Lets the agents end by themselves; those that take longer are ended with the launcher. */
  async finish(graceMs: number, signal: AbortSignal): Promise<void> {
    const isDrained = await this.#fleet.drain('the sweep is finished', graceMs, signal);
    if (!isDrained) this.#deps.debug('some agents have not ended their stream in time');
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    return this.#fleet[Symbol.asyncDispose]();
  }

  async #placeAgents(withinMs: number, signal: AbortSignal): Promise<void> {
    const vantages = this.#plan.vantages.map(({ vantage }) => vantage);
    const { launcher, progress } = this.#deps;
    progress({ kind: 'agents', up: 0, planned: vantages.length });
    await launcher.launch(vantages, this.#fleet.endpoint, signal);
    const isSettled = (): boolean => {
      const holders = this.#fleet.holders(vantages);
      progress({
        kind: 'agents',
        up: holders.filter((agent) => agent?.state === 'up').length,
        planned: vantages.length,
      });
      return holders.every((agent) => agent?.state === 'up' || agent?.state === 'lost');
    };
    await this.#fleet.until(isSettled, withinMs, signal);
  }

  async #attemptOnce(tasks: readonly RoutedCell[], slot: number, withinMs: number, signal: AbortSignal): Promise<void> {
    const byVantage = Map.groupBy(tasks, ({ vantage }) => vantage);
    const { roster } = this.#fleet;
    const due = [...byVantage].map(([vantage, own]) => ({
      vantage,
      attempts: sumOf(own),
      lostBefore: roster.lostBy(vantage),
    }));
    this.#collected.ask(
      slot,
      tasks.map(({ route }) => route),
    );
    const { clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    const isDone = (): boolean => {
      const finished = due.reduce((sum, { vantage }) => sum + this.#collected.count(vantage, slot), 0);
      this.#deps.progress({ kind: 'tasks', finished, planned: sumOf(tasks) });
      return due.every(({ vantage, attempts, lostBefore }) => {
        const settled = this.#collected.count(vantage, slot) + roster.lostBy(vantage) - lostBefore;
        return settled >= attempts || isGone(roster.holderOf(vantage));
      });
    };
    for (const { afterMs, tasks: next } of wavesOf(tasks, this.#attemptsPerSecond)) {
      if (afterMs > withinMs) break;
      const dueInMs = beganMs + afterMs - clock.monotonicMs();
      if (dueInMs > 0 && (await this.#fleet.until(isDone, dueInMs, signal))) return;
      this.#assign(next, slot);
    }
    await this.#fleet.until(isDone, beganMs + withinMs - clock.monotonicMs(), signal);
  }

  #assign(tasks: readonly RoutedCell[], slot: number): void {
    for (const [vantage, own] of Map.groupBy(tasks, ({ vantage: name }) => name)) {
      this.#fleet.assign(
        vantage,
        own.map((task) => taskOf(task, slot)),
      );
    }
  }

  #whyNothingOf(vantage: string): Untested {
    const agent = this.#fleet.roster.holderOf(vantage);
    const nobody = whyNobodyReports(vantage, agent, 'none connected in time');
    if (nobody !== undefined) return nobody;
    if (agent !== undefined && agent.droppedOutcomes + agent.missingBatches > 0) {
      return { kind: 'untested', why: 'dropped', detail: `agent ${agent.id} ${gapOf(agent)}` };
    }
    return { kind: 'untested', why: 'cancelled', detail: 'the deadline of the sweep came first' };
  }
}

/** The first window in which an agent that started under load can be fit again is a second or two away. */
const RECOVERY_PAUSES_MS = [1000, 2000, 4000];

const UNFIT: ReadonlySet<UntestedWhy> = new Set(['agent-starved', 'agent-not-ready', 'resource-exhausted']);

function isUnfit({ slot, outcome }: Report, asked: number): boolean {
  return slot === asked && outcome.kind === 'untested' && UNFIT.has(outcome.why);
}

function sumOf(tasks: readonly RoutedCell[]): number {
  return tasks.reduce((sum, { attempts }) => sum + attempts, 0);
}

/** Nobody there who will report in this measuring. An agent without a stream may still resume. */
function isGone(agent: Agent | undefined): boolean {
  return agent === undefined || agent.state === 'lost' || agent.state === 'connecting';
}

function gapOf({ droppedOutcomes, missingBatches }: Agent): string {
  const batches = missingBatches === 0 ? '' : `, and ${String(missingBatches)} of its batches never came`;
  return `dropped ${String(droppedOutcomes)} outcomes${batches}`;
}
