/** The pipeline for ever: follows the declared state, keeps agents probing, judges what comes in, remembers and tells it. */
import { randomUUID } from 'node:crypto';
import { advice, MeshproofError } from '../../proto/errors.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { Crew } from '../fleet/crew.ts';
import { DEFAULT_FLEET_OPTIONS, Fleet } from '../fleet/fleet.ts';
import type { Agent } from '../fleet/roster.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { Snapshot } from '../declared/objects.ts';
import type { AgentNow, Current } from '../monitor/current.ts';
import { changesByRoute, declaredState } from '../monitor/declared-state.ts';
import type { DeclaredState } from '../monitor/declared-state.ts';
import type { IngestResult, Monitored } from '../monitor/monitored.ts';
import { Outlook } from '../monitor/outlook.ts';
import { begin } from '../monitor/route-state.ts';
import { PropagationWatch } from '../monitor/propagation.ts';
import { Rounds } from '../monitor/rounds.ts';
import { StandingMatrix } from '../monitor/standing-matrix.ts';
import type { Judged } from '../monitor/matrix-changes.ts';
import type { Times } from '../monitor/standing-route.ts';
import { Turns } from '../monitor/turns.ts';
import { publishJson } from '../publish/json.ts';
import { RejectedObjects } from '../snapshot/rejected-objects.ts';
import type { Remembered } from '../store/store.ts';
import { absences } from './absences.ts';
import type { Absences } from './absences.ts';
import { Intake } from './intake.ts';
import type { MonitorDeps, MonitorOptions } from './monitor-options.ts';
import { Orders } from './orders.ts';
import { Requests } from './requests.ts';
import { Saving } from './saving.ts';
import { Staffing } from './staffing.ts';

/**
 * How often is looked at what has come in; longer where looking takes long, so that it takes a fifth of the time at most,
 * but never longer than an interval.
 */
const BEAT_MS = 500;
const REST = 4;

export class Monitor implements Monitored, AsyncDisposable {
  readonly #deps: MonitorDeps;
  readonly #options: MonitorOptions;
  readonly #fleet: Fleet;
  readonly #crew: Crew;
  readonly #staffing: Staffing;
  readonly #matrix: StandingMatrix;
  readonly #intake: Intake;
  readonly #orders: Orders;
  readonly #rounds = new Rounds();
  readonly #propagation = new PropagationWatch();
  readonly #turns: Turns;
  readonly #outlook: Outlook;
  readonly #saving: Saving;
  readonly #requests = new Requests();
  readonly #rejected = new RejectedObjects();
  readonly #stopListening: () => void;
  #taken: Snapshot | undefined;
  /** Of this beat: what the machine worked for, waiting apart. */
  #busyMs = 0;

  private constructor(deps: MonitorDeps, options: MonitorOptions, fleet: Fleet, remembered: Remembered) {
    const { launcher, clock, debug } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#fleet = fleet;
    this.#crew = new Crew({ fleet, launcher, clock, debug });
    this.#staffing = new Staffing(this.#crew);
    const matrixOptions = { trusted: [], sessionsAreControl: false, ...options };
    this.#matrix = new StandingMatrix(matrixOptions, remembered.routes, remembered.nextRouteNumber);
    this.#saving = new Saving({
      store: deps.store,
      clock,
      settle: (position) => {
        fleet.settle(position);
      },
    });
    this.#saving.onEvent(this.#requests.told);
    this.#intake = new Intake({ clock, matrix: this.#matrix, rounds: this.#rounds, unsaved: this.#saving.unsaved });
    this.#orders = new Orders(this.#matrix, fleet, options, Math.floor(clock.nowMs()));
    const now = this.#times();
    this.#turns = new Turns(now);
    this.#outlook = new Outlook(options, options.intervalMs, now, remembered.conflicts);
    this.#stopListening = launcher.onLost((agentId, why) => {
      fleet.lose(agentId, why);
    });
  }

  /** Takes over the store, and listens for agents when it resolves. */
  static async start(deps: MonitorDeps, options: MonitorOptions): Promise<Monitor> {
    const { clock, debug, launcher, store } = deps;
    const remembered = await store.takeOver();
    const fleet = await Fleet.start(
      { clock, debug, record: (batch) => monitor.#intake.take(batch) },
      {
        ...DEFAULT_FLEET_OPTIONS,
        lostAfterMs: options.lostAfterMs,
        heartbeatIntervalMs: options.heartbeatIntervalMs,
        meeting: launcher.meeting,
        positions: remembered.positions,
        certificate: { kept: remembered.authority, keep: (authority) => store.keepAuthority(authority) },
      },
    );
    const monitor = new Monitor(deps, options, fleet, remembered);
    return monitor;
  }

  readonly current = (): Current => this.#outlook.current(this.#times());

  readonly mesh = (): Mesh | undefined => this.#matrix.declared?.mesh;

  readonly ingested = (): Readonly<Record<IngestResult, number>> => ({
    ...this.#intake.counts,
    ...this.#fleet.uncounted,
  });

  readonly rejectedObjects = (): Readonly<Record<string, number>> => this.#rejected.counts;

  readonly refusedStreams = (): number => this.#fleet.refusedStreams;

  readonly onEvent: Monitored['onEvent'] = (listener) => this.#saving.onEvent(listener);

  readonly onChange = (listener: () => void): (() => void) => this.#outlook.onChange(listener);

  readonly sweepNow: Monitored['sweepNow'] = (signal, wanted) =>
    this.#requests.ask(signal, wanted?.isKept === true, () => {
      const routes = this.#orders.measurable();
      this.#turns.request(routes, this.#matrix.routes(), this.#orders.asking.ask(routes), this.#times());
    });

  /**
   * Until the signal aborts; rejects with its reason then, with MPE_STORE_TAKEN_OVER where another controller goes on, and
   * where agents cannot be started at all. Other trouble is borne, shown, and tried again.
   */
  async run(signal: AbortSignal): Promise<never> {
    const { clock } = this.#deps;
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    try {
      for (;;) {
        this.#busyMs = 0;
        await this.#beat(until);
        const restMs = Math.min(this.#matrix.intervalMs, REST * this.#busyMs);
        await clock.sleep(Math.max(BEAT_MS, restMs), until);
      }
    } finally {
      ended.abort();
      await this.#staffing.ended();
    }
  }

  /**
   * Ends the streams, and asks nothing of the agents: those that outlive us keep what was not acknowledged for the next
   * controller. To be called when `run` has ended; what it had not stored by then was not acknowledged.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.#requests.end();
    await this.#fleet[Symbol.asyncDispose]();
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const { unsaved } = this.#saving;
    await this.#follow(signal);
    if (this.#matrix.declared !== undefined) await this.#staffing.see(signal);
    const times = this.#times();
    const missing = absences(this.#fleet.roster);
    this.#matrix.hear(this.#rounds.takeHeard(), times);
    const judged = this.#matrix.judge(this.#rounds.take(), times, missing, (route) =>
      this.#propagation.changeOf(route),
    );
    const unseen = this.#matrix.loseSight(times, missing);
    this.#answer(judged, times);
    unsaved.event(...judged.transitions, ...unseen.transitions);
    for (const { key, number, state } of [...judged.changed, ...unseen.changed]) {
      if (state !== undefined) unsaved.route({ key, number, state });
    }
    unsaved.event(...this.#propagation.finished(times.monotonicMs, times.wallMs));
    this.#conclude(judged, unseen.changed.length, missing, times);
    this.#busyMs += clock.monotonicMs() - times.monotonicMs;
    await this.#save(signal);
  }

  /** The declared state, where it has changed: the plan follows, and nothing but what it touches is disturbed. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { source, launcher, clock, debug } = this.#deps;
    let taken: Snapshot;
    try {
      taken = await source.current(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#outlook.trouble('cluster', advice(error), this.#times());
      return;
    }
    this.#outlook.synced(source.syncedAtMs(), this.#times());
    if (taken === this.#taken) return;
    const before = this.#matrix.declared;
    const beganMs = clock.monotonicMs();
    const state = declaredState(taken, launcher.place(taken), this.#options);
    this.#taken = taken;
    this.#rejected.see(taken);
    this.#busyMs += clock.monotonicMs() - beganMs;
    this.#redeclare(state, before);
    debug(`${String(state.cells.size)} routes of ${String(state.plan.vantages.length)} vantages are planned`);
  }

  #redeclare(state: DeclaredState, before: DeclaredState | undefined): void {
    const { launcher } = this.#deps;
    const { unsaved } = this.#saving;
    const times = this.#times();
    const { begun, assigned, gone, changedAnswers } = this.#matrix.redeclare(state, launcher.addressesOf, times);
    for (const { key, number, state: known } of begun) {
      unsaved.route({ key, number, state: known ?? begin(times.wallMs) });
    }
    for (const route of gone) {
      this.#rounds.forget(route.number);
      this.#propagation.forget(route.key);
      unsaved.goneRoute(route.key);
    }
    for (const key of this.#matrix.takeForgotten()) unsaved.goneRoute(key);
    this.#orders.change(assigned, gone);
    for (const route of assigned) this.#rounds.expect(route.number, route.attempts, route.dialled.length);
    this.#intake.takeEarly();
    this.#crew.want(state.plan.vantages.map(({ vantage }) => vantage));
    if (before !== undefined && changedAnswers.length > 0) {
      this.#propagation.begin(changesByRoute(changedAnswers, before, state), times.wallMs, times.monotonicMs);
    }
  }

  /** What was seen asks for more: doubts are looked into at once, and what is on its way is waited for. */
  #answer({ seen, doubtful }: Judged, { monotonicMs }: Times): void {
    this.#turns.note(seen);
    this.#orders.asking.answered(seen);
    for (const { route, atMs, agrees } of seen) if (agrees) this.#propagation.follow(route.key, atMs);
    this.#orders.asking.ask(doubtful);
    const due = this.#propagation.takeDue(monotonicMs);
    if (due.size > 0) this.#orders.asking.ask(this.#orders.measurable().filter(({ key }) => due.has(key)));
    this.#orders.asking.handOut(monotonicMs);
  }

  #conclude(judged: Judged, lost: number, missing: Absences, times: Times): void {
    const state = this.#matrix.declared;
    const { intervalMs } = this.#matrix;
    const { unsaved } = this.#saving;
    const turns = state === undefined ? [] : this.#turns.complete(this.#orders.measurable(), intervalMs, times);
    for (const turn of turns) if (turn.trigger === 'request') this.#requests.complete(turn.missed);
    const { events, sweeps } = this.#outlook.conclude({
      state,
      routes: () => this.#matrix.now(times, missing),
      isSeen: judged.seen.length + lost > 0,
      isChanged: judged.transitions.length + lost > 0,
      agents: this.#fleet.roster.agents().map(agentNow),
      hindrance: this.#staffing.hindrance,
      turns: turns.map((turn) => ({ ...turn, id: randomUUID() })),
      keepsRequested: this.#requests.isKept,
      intervalMs,
      times,
    });
    unsaved.event(...events);
    for (const sweep of sweeps) unsaved.document(sweep.id, publishJson(sweep));
  }

  async #save(signal: AbortSignal): Promise<void> {
    try {
      if (await this.#saving.save()) this.#orders.tell();
      await this.#saving.trim();
      this.#outlook.over('store');
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MeshproofError && error.code === 'MPE_STORE_TAKEN_OVER') throw error;
      this.#outlook.trouble('store', advice(error), this.#times());
    }
  }

  #times(): Times {
    const { clock } = this.#deps;
    return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  }
}

function agentNow({ id, vantage, state, why, fitness, droppedOutcomes }: Agent): AgentNow {
  return { id, vantage: vantageKey(vantage), state, why, loopLagMs: fitness?.loopLagP99Ms ?? null, droppedOutcomes };
}
