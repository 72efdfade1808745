/** One pass over a plan: snapshot, expect, plan, measure, judge. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../proto/clock.ts';
import { buildMesh } from './declared/mesh.ts';
import { Measurement } from './fleet/measurement.ts';
import type { MeasureProgress, MeasurementOptions } from './fleet/measurement.ts';
import type { Launcher } from './fleet/launcher.ts';
import type { Cell, SnapshotSummary, Sweep, Verdict } from './judge/finding.ts';
import { hasUnmetEndpoint, judge, needsConfirmation } from './judge/judge.ts';
import type { JudgeOptions } from './judge/judge.ts';
import { laterState } from './later.ts';
import { expectationsOf } from './plan/expectations.ts';
import { DEFAULT_PLAN_OPTIONS, makePlan } from './plan/plan.ts';
import type { Plan, PlanOptions } from './plan/plan.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import { targetKey } from '../proto/vocabulary.ts';
import type { Target } from '../proto/vocabulary.ts';

export interface SweepDeps {
  /** Read before and after: a sweep under which the declared state changed proves nothing. */
  readonly snapshot: () => Promise<Snapshot>;
  /** Belongs to the caller, who disposes it. */
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly progress: (event: SweepProgress) => void;
  /** For people who look for a fault of ours. @default nothing */
  readonly debug?: (message: string) => void;
}

export type SweepPhase = 'snapshot' | 'connect' | 'measure' | 'confirm' | 'judge';
export type SweepProgress = MeasureProgress | { readonly kind: 'phase'; readonly name: SweepPhase };

export interface SweepOptions extends Omit<JudgeOptions, 'namespaces'>, PlanOptions, MeasurementOptions {
  /** Of measuring and confirming together; what is not measured by then is unknown. */
  readonly measureWithinMs: number;
  /**
   * How long a change of the declared state may take to reach every proxy: nothing is confirmed to be drift before so
   * much time has passed since the snapshot. 0: changes are in force at once.
   */
  readonly settleMs: number;
}

export const DEFAULT_SWEEP_OPTIONS: SweepOptions = {
  minCoverage: 0.95,
  failOn: ['drift', 'critical', 'error'],
  ...DEFAULT_PLAN_OPTIONS,
  connectWithinMs: 30_000,
  heartbeatIntervalMs: 5000,
  lostAfterMs: 20_000,
  measureWithinMs: 300_000,
  settleMs: 0,
  attemptsPerSecond: Infinity,
};

/** What is polite and honest towards a real mesh, on top of which come a user's wishes. */
export const CLUSTER_SWEEP_OPTIONS: SweepOptions = {
  ...DEFAULT_SWEEP_OPTIONS,
  settleMs: 10_000,
  attemptsPerSecond: 20,
  sessionsAreControl: true,
};

/**
 * How often a cell is attempted again of which an endpoint was not met. Of two endpoints that are chosen by chance, one
 * stays unmet through 2 + 5 × 2 attempts once in two thousand cells.
 */
const MEETING_ROUNDS = 5;

/** How long agents may take to end by themselves; the launcher ends them otherwise. */
const DRAIN_MS = 1000;

/**
 * What cannot be measured comes out as `unknown`, with its reason; nothing that a target or an agent does makes this
 * reject. Rejects with the signal's reason when aborted, and where the snapshot cannot be read or no agent be started;
 * nothing of its own is left running then.
 */
export async function sweep(deps: SweepDeps, options: SweepOptions, signal: AbortSignal): Promise<Sweep> {
  const { launcher, clock, progress, debug = () => undefined } = deps;
  const startedAtMs = clock.nowMs();
  const beganMs = clock.monotonicMs();
  const enter = (name: SweepPhase): void => {
    signal.throwIfAborted();
    progress({ kind: 'phase', name });
  };

  enter('snapshot');
  const taken = await deps.snapshot();
  const settledAtMs = clock.monotonicMs() + options.settleMs;
  const { snapshot, vantages } = launcher.place(taken);
  const mesh = buildMesh(snapshot);
  const plan = makePlan(mesh, vantages, options);
  const expectations = expectationsOf(mesh, plan);

  enter('connect');
  await using measurement = await Measurement.begin(plan, { launcher, clock, progress, debug }, options, signal);
  const untilMs = clock.monotonicMs() + options.measureWithinMs;
  const leftMs = (): number => untilMs - clock.monotonicMs();

  enter('measure');
  await measurement.attempt(new Set(plan.cells.map(({ key }) => key)), leftMs(), signal);
  const judgeSoFar = (): readonly Cell[] => judge({ mesh, cells: measurement.cells(expectations), options }).cells;
  let seen = judgeSoFar();
  for (let round = 0; round < MEETING_ROUNDS && leftMs() > 0; round += 1) {
    const unmet = seen.filter(hasUnmetEndpoint);
    if (unmet.length === 0) break;
    await measurement.attempt(new Set(unmet.map(({ key }) => key)), leftMs(), signal);
    seen = judgeSoFar();
  }
  const doubtful = seen.filter(needsConfirmation);

  if (doubtful.length > 0) {
    enter('confirm');
    const settleMs = Math.min(settledAtMs - clock.monotonicMs(), leftMs());
    if (settleMs > 0) await clock.sleep(settleMs, signal);
    await measurement.attempt(new Set(doubtful.map(({ key }) => key)), leftMs(), signal);
  }

  enter('judge');
  const measured = measurement.cells(expectations);
  const [after] = await Promise.all([deps.snapshot(), measurement.finish(DRAIN_MS, signal)]);
  const later = laterState({ taken, placed: snapshot, vantages, plan, expectations, options }, after);
  const { cells, conflicts, verdict } = judge({
    mesh,
    cells: measured,
    options,
    isFinal: true,
    ...(later && { later }),
  });
  return {
    id: randomUUID(),
    startedAt: new Date(startedAtMs).toISOString(),
    finishedAt: new Date(startedAtMs + clock.monotonicMs() - beganMs).toISOString(),
    snapshot: summaryOf(taken),
    vantages: plan.vantages.map(({ vantage }) => vantage),
    targets: targetsOf(plan),
    optedOut: plan.optedOut,
    cells,
    conflicts,
    verdict: later?.isAnother === true ? unsettled(verdict) : verdict,
  };
}

function summaryOf({ digest, objects }: Snapshot): SnapshotSummary {
  return {
    digest,
    objects: objects.map(({ kind, metadata: { namespace, name, resourceVersion = '' } }) => {
      return { kind, namespace, name, resourceVersion };
    }),
  };
}

function targetsOf({ cells }: Plan): readonly Target[] {
  return [...new Map(cells.map(({ route: { target } }) => [targetKey(target), target])).values()];
}

/** What was seen to be open is open, whatever changed meanwhile; but nothing passes against a state that moved. */
function unsettled(verdict: Verdict): Verdict {
  if (verdict.value !== 'pass') return verdict;
  return { ...verdict, value: 'inconclusive', why: 'the declared state changed while it was measured' };
}
