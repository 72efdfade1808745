/** The matrix as everybody sees it: built now and then from what is known, and never better than what is known. */
import type { Conflict, Sweep, Verdict } from '../judge/finding.ts';
import type { JudgeOptions } from '../judge/judge.ts';
import { verdictOf } from '../judge/verdict.ts';
import type { Target } from '../../proto/vocabulary.ts';
import { targetKey } from '../../proto/vocabulary.ts';
import { conclude, conflictChanges } from './conclusion.ts';
import type { Conclusion } from './conclusion.ts';
import type { AgentNow, Current, RouteNow, Trouble } from './current.ts';
import type { DeclaredState } from './declared-state.ts';
import type { MonitorEvent, SweepSummary } from './events.ts';
import { STALE_AFTER_INTERVALS, outOfDate } from './standing-route.ts';
import type { Times } from './standing-route.ts';
import type { Turn } from './turns.ts';

type NamedTurn = Pick<Turn, 'trigger' | 'began'> & { readonly id: string };

export interface View {
  /** Undefined: not known yet. */
  readonly state: DeclaredState | undefined;
  /** As they are now. */
  readonly routes: () => readonly RouteNow[];
  /** Something came in, or was lost. */
  readonly isSeen: boolean;
  /** Something was seen to change, so that conflicts have to be looked for anew. */
  readonly isChanged: boolean;
  readonly agents: readonly AgentNow[];
  /** Why agents that are missing cannot be started; null: they can. */
  readonly hindrance: string | null;
  /** Passes that are complete now, with an id for each. */
  readonly turns: readonly NamedTurn[];
  /** Somebody asked for the whole of what was asked for. */
  readonly keepsRequested: boolean;
  readonly intervalMs: number;
  readonly times: Times;
}

export interface Told {
  readonly events: readonly MonitorEvent[];
  /** Whole sweeps: those that somebody asked for to be kept, and those whose verdict is another one than before. */
  readonly sweeps: readonly Sweep[];
}

/** The two clocks have come so far apart that the wall's was set. */
const CLOCK_STEP_MS = 30_000;

export class Outlook {
  readonly #options: JudgeOptions;
  readonly #began: Times;
  readonly #listeners = new Set<() => void>();
  readonly #troubles = new Map<Trouble['kind'], Trouble>();
  #offsetMs: number;
  #clockSetAtMs = -Infinity;
  #syncedAtMs = 0;
  /** The same, by the clock that is never set. */
  #syncedAtMonotonicMs = -Infinity;
  #current: Current;
  /** `#current`, once it is too long ago. */
  #stalled: { readonly of: Current; readonly current: Current } | undefined;
  #builtAtMs: number;
  #conclusion: Conclusion | undefined;
  #state: DeclaredState | undefined;
  /** Told, and not told to be over. */
  #standing: readonly Conflict[];
  /** Troubles and agents, as they were told last. */
  #said = '';

  /** `standing`: conflicts that a former controller has told, and that were not over then. */
  constructor(options: JudgeOptions, intervalMs: number, now: Times, standing: readonly Conflict[] = []) {
    this.#options = options;
    this.#began = now;
    this.#standing = standing;
    this.#offsetMs = now.wallMs - now.monotonicMs;
    this.#builtAtMs = now.monotonicMs;
    this.#current = nothingYet(intervalMs, now);
  }

  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * As it was built last; if that is too long ago, nothing in it is known any more. The one place where that is judged, by
   * the clock that is never set. The same object, the same matrix.
   */
  current({ monotonicMs }: Pick<Times, 'monotonicMs'>): Current {
    if (monotonicMs - this.#builtAtMs <= STALE_AFTER_INTERVALS * this.#current.intervalMs) return this.#current;
    if (this.#stalled?.of !== this.#current) this.#stalled = { of: this.#current, current: stalled(this.#current) };
    return this.#stalled.current;
  }

  trouble(kind: Trouble['kind'], message: string, { wallMs }: Times): void {
    this.#troubles.set(kind, { kind, message, sinceMs: this.#troubles.get(kind)?.sinceMs ?? wallMs });
  }

  over(kind: Trouble['kind']): void {
    this.#troubles.delete(kind);
  }

  /** When the declared state was known to be so, by the wall's clock as it is set now. */
  synced(atMs: number, { wallMs, monotonicMs }: Times): void {
    this.#syncedAtMs = atMs;
    this.#syncedAtMonotonicMs = monotonicMs - Math.max(0, wallMs - atMs);
  }

  conclude(view: View): Told {
    const { state, turns, times, intervalMs } = view;
    this.#lookForTrouble(view);
    const said = JSON.stringify([[...this.#troubles], view.agents]);
    // What nothing came of for so long may have become stale.
    const isOld = times.monotonicMs - this.#builtAtMs >= intervalMs;
    const isMoved = view.isSeen || turns.length > 0 || state !== this.#state || isOld;
    if (!isMoved && said === this.#said) return { events: [], sweeps: [] };
    const routes = isMoved ? view.routes() : this.#current.routes;
    // What was not known is known without any change that is told: when it is heard again, when policy has settled.
    const isKnownAnew = !haveSameDrift(routes, this.#current.routes);
    const isNews = view.isChanged || isKnownAnew || turns.length > 0 || state !== this.#state;
    const conclusion = this.#conclusionOf(state, routes, isNews);
    // Before anything is declared, nothing is over.
    const { standing, changes } =
      state === undefined
        ? { standing: this.#standing, changes: [] }
        : conflictChanges(this.#standing, conclusion.conflicts, times.wallMs);
    this.#standing = standing;
    this.#conclusion = conclusion;
    this.#state = state;
    this.#said = said;
    this.#builtAtMs = times.monotonicMs;
    const last = this.#current;
    const built: Current = {
      revision: last.revision + 1,
      atMs: times.wallMs,
      startedAtMs: this.#began.wallMs,
      intervalMs,
      snapshot: { ...(state === undefined ? NO_SNAPSHOT : summaryOf(state)), syncedAtMs: this.#syncedAtMs },
      routes,
      ...conclusion,
      optedOut: state?.plan.optedOut ?? [],
      agents: view.agents,
      troubles: [],
      lastSweep: last.lastSweep,
    };
    const current = withTroubles(built, [...this.#troubles.values()], false);
    const summaries = turns.map((turn) => summaryOfTurn(turn, current, times));
    this.#current = { ...current, lastSweep: summaries.at(-1) ?? last.lastSweep };
    const notable = summaries.filter(
      ({ trigger, verdict }) =>
        (trigger === 'request' && view.keepsRequested) || verdict.value !== last.lastSweep?.verdict.value,
    );
    for (const listener of this.#listeners) listener();
    return {
      events: [...changes, ...summaries.map((sweep) => ({ kind: 'sweep', atMs: times.wallMs, sweep }) as const)],
      sweeps: notable.map((summary) => sweepOf(current, summary)),
    };
  }

  #conclusionOf(state: DeclaredState | undefined, routes: readonly RouteNow[], isNews: boolean): Conclusion {
    if (state === undefined) return { conflicts: [], verdict: NO_VERDICT };
    const before = this.#state === undefined || isNews ? undefined : this.#conclusion;
    return before ?? conclude(state.mesh, routes, this.#options);
  }

  #lookForTrouble({ state, agents, hindrance, times, intervalMs }: View): void {
    const offsetMs = times.wallMs - times.monotonicMs;
    const staleMs = STALE_AFTER_INTERVALS * intervalMs;
    if (Math.abs(offsetMs - this.#offsetMs) > CLOCK_STEP_MS) {
      this.#clockSetAtMs = times.monotonicMs;
      const seconds = Math.round((offsetMs - this.#offsetMs) / 1000);
      this.trouble(
        'clock',
        `this machine's clock was set by ${String(seconds)} s: times before and after disagree`,
        times,
      );
    } else if (times.monotonicMs - this.#clockSetAtMs > staleMs) this.over('clock');
    this.#offsetMs = offsetMs;
    if (hindrance !== null) this.trouble('no-agents', `agents cannot be started: ${hindrance}`, times);
    else if (state === undefined || agents.some((agent) => agent.state === 'up')) this.over('no-agents');
    else this.trouble('no-agents', 'no agent is up: nothing is measured', times);
    const oldMs = times.monotonicMs - this.#syncedAtMonotonicMs;
    if (oldMs <= staleMs) this.over('cluster');
    else if (state !== undefined && !this.#troubles.has('cluster')) {
      this.trouble('cluster', `what is declared was last known ${String(Math.round(oldMs / 1000))} s ago`, times);
    }
  }
}

/** What the matrix would be as the result of one sweep. */
export function sweepOf(current: Current, { id, startedAtMs, finishedAtMs, verdict }: SweepSummary): Sweep {
  const cells = current.routes.map(({ cell }) => cell);
  const vantages = new Map(cells.map(({ vantage }) => [JSON.stringify(vantage), vantage]));
  const targets = new Map<string, Target>(cells.map(({ target }) => [targetKey(target), target]));
  const { digest, objects } = current.snapshot;
  return {
    id,
    startedAt: new Date(startedAtMs).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
    snapshot: { digest, objects },
    vantages: [...vantages.values()],
    targets: [...targets.values()],
    optedOut: current.optedOut,
    cells,
    conflicts: current.conflicts,
    verdict,
  };
}

/** As it is to be shown when nothing has been judged for too long since. */
export function stalled(current: Current): Current {
  const { atMs, troubles } = current;
  const message = `Nothing has been judged since ${new Date(atMs).toISOString()}: the controller is stalled. See its log.`;
  return withTroubles(current, [{ kind: 'stalled', message, sinceMs: atMs }, ...troubles], true);
}

/** With trouble nothing passes; and where nothing is looked at, nothing is known of any route. */
function withTroubles(current: Current, troubles: readonly Trouble[], isStalled: boolean): Current {
  const [first] = troubles;
  if (first === undefined) return current;
  const routes = isStalled ? current.routes.map(outdated) : current.routes;
  const verdict = isStalled ? nothingKnown(routes, current.conflicts) : current.verdict;
  const isPass = verdict.value === 'pass' || isStalled;
  return {
    ...current,
    routes,
    troubles,
    verdict: isPass ? { ...verdict, value: 'inconclusive', why: first.message } : verdict,
  };
}

function nothingKnown(routes: readonly RouteNow[], conflicts: readonly Conflict[]): Verdict {
  const cells = routes.map(({ cell }) => cell);
  return verdictOf(cells, conflicts, { minCoverage: 1, failOn: [] });
}

function outdated(route: RouteNow): RouteNow {
  if (route.freshness !== 'fresh') return route;
  return { ...route, freshness: 'stale', access: 'unknown', cell: outOfDate(route.cell) };
}

function haveSameDrift(some: readonly RouteNow[], others: readonly RouteNow[]): boolean {
  return some.length === others.length && some.every(({ cell }, at) => cell.drift === others[at]?.cell.drift);
}

function summaryOf({ taken }: DeclaredState): Omit<Current['snapshot'], 'syncedAtMs'> {
  return {
    digest: taken.digest,
    warnings: taken.warnings,
    objects: taken.objects.map(({ kind, metadata: { namespace, name, resourceVersion = '' } }) => {
      return { kind, namespace, name, resourceVersion };
    }),
  };
}

function summaryOfTurn(turn: NamedTurn, current: Current, { wallMs, monotonicMs }: Times): SweepSummary {
  const { id, trigger, began } = turn;
  const tookMs = monotonicMs - began.monotonicMs;
  const { snapshot, verdict } = current;
  return { id, trigger, startedAtMs: wallMs - tookMs, finishedAtMs: wallMs, snapshotDigest: snapshot.digest, verdict };
}

const NO_SNAPSHOT = { digest: '', objects: [], warnings: [] } as const;

const NO_VERDICT: Verdict = {
  ...verdictOf([], [], { minCoverage: 1, failOn: [] }),
  why: 'nothing has been measured yet',
};

export function nothingYet(intervalMs: number, { wallMs }: Times): Current {
  return {
    revision: 0,
    atMs: wallMs,
    startedAtMs: wallMs,
    intervalMs,
    snapshot: { ...NO_SNAPSHOT, syncedAtMs: 0 },
    routes: [],
    conflicts: [],
    verdict: NO_VERDICT,
    optedOut: [],
    agents: [],
    troubles: [],
    lastSweep: null,
  };
}
