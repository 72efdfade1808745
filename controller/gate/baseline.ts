/**
 * A sweep as it is kept to be compared with: cells by what policy can tell apart. Names of pods, ReplicaSets and addresses
 * are not in it, nor how many replicas there are.
 */
import type { Cell, Conflict, Drift, Severity, Sweep, SweepScope, Table } from '../judge/finding.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import { probeKey, targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Probe, Vantage } from '../../proto/vocabulary.ts';
import { measuredOf, together } from './measured-state.ts';
import type { Measured } from './measured-state.ts';
import { alike, workloadNames } from './object-names.ts';
import type { WorkloadNames } from './object-names.ts';

export type { Measured } from './measured-state.ts';

export interface BaselineCell {
  /** Unique in the baseline; the same in every sweep that asks the same. */
  readonly identity: string;
  readonly table: Table;
  /** `legacy/batch (naked)`. */
  readonly vantage: string;
  /** `shop/pay:8080`; of pods `pods:shop/pay:8080`, with the workload's name. */
  readonly target: string;
  /** As `probeKey`. */
  readonly probe: string;
  readonly expect: Cell['expectation']['expect'];
  readonly measured: Measured;
  /** The worst of the pods. */
  readonly drift: Drift;
  readonly cause: string | null;
  readonly message: string;
  /** What to do about it; empty where nothing is to be done. */
  readonly fix: string;
  readonly objects: readonly ObjectRef[];
  readonly attempts: number;
  /** Attempts on one of the pods disagreed. */
  readonly isFlapping: boolean;
}

export interface BaselineConflict {
  readonly severity: Severity;
  readonly code: string;
  readonly objects: readonly ObjectRef[];
  readonly message: string;
  readonly fix: string;
  /** Identities of the cells that it explains, sorted. */
  readonly cells: readonly string[];
}

export type BaselineScope = SweepScope;

export interface Baseline {
  readonly version: 1;
  readonly name: string;
  readonly sweepId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly snapshotDigest: string;
  /** Absent where a sweep came from elsewhere. */
  readonly scope?: BaselineScope;
  /** Sorted by identity. */
  readonly cells: readonly BaselineCell[];
  /** Those that the wire confirmed, each once. */
  readonly conflicts: readonly BaselineConflict[];
}

/** @param scoped What was measured, where the sweep does not say so itself. */
export function baselineOf(sweep: Sweep, name: string, scoped?: BaselineScope): Baseline {
  const { id, startedAt, finishedAt, snapshot, cells, conflicts, scope = scoped } = sweep;
  const names = workloadNames(cells);
  const groups = Map.groupBy(cells, identityOf);
  const merged = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([identity, group]) => merge(identity, group, names));
  const identities = new Map(cells.map((cell) => [cell.key, identityOf(cell)]));
  const confirmed = conflicts
    .filter(({ isConfirmed }) => isConfirmed)
    .map((conflict) => conflictOf(conflict, names, identities));
  return {
    version: 1,
    name,
    sweepId: id,
    startedAt,
    finishedAt,
    snapshotDigest: snapshot.digest,
    ...(scope !== undefined && { scope }),
    cells: merged.flatMap((cell) => cell ?? []),
    conflicts: [...new Map(confirmed.map((conflict) => [conflictName(conflict), conflict])).values()],
  };
}

/** Conflicts are the same if they have one code and concern the same objects, in whatever order. */
export function conflictName({ code, objects }: Pick<BaselineConflict, 'code' | 'objects'>): string {
  return [code, ...objects.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`).sort()].join(' ');
}

/** Worst first: what one pod does speaks for all of them. A mere warning about one says nothing of another that is not known. */
const DRIFTS: readonly Drift[] = ['exposed', 'blocked', 'downgraded', 'unknown', 'misplaced', 'agrees'];

export function identityOf(cell: Pick<Cell, 'table' | 'vantage' | 'target' | 'workload' | 'probe'>): string {
  return `${cell.table} ${vantageName(cell.vantage)} → ${targetName(cell)} ${probeName(cell.probe)}`;
}

/** Nodes come and go as pods do. */
function vantageName({ namespace, serviceAccount, dataPlane }: Vantage): string {
  return vantageKey({ namespace, serviceAccount, dataPlane });
}

/** A target has one HTTP probe from a vantage; which path it asks for goes by policies and health checks (see pathFor). */
function probeName(probe: Probe): string {
  return probe.kind === 'http' ? 'http' : probeKey(probe);
}

function targetName({ target, workload }: Pick<Cell, 'target' | 'workload'>): string {
  if (target.kind === 'service') return targetKey(target);
  return `pods:${workload ?? `${target.namespace}/${target.name}`}:${String(target.port)}`;
}

function merge(identity: string, group: readonly Cell[], names: WorkloadNames): BaselineCell | undefined {
  const worst = [...group].sort((a, b) => DRIFTS.indexOf(a.drift) - DRIFTS.indexOf(b.drift))[0];
  if (worst === undefined) return undefined;
  const expects = new Set(group.map(({ expectation }) => expectation.expect));
  const [expect] = expects;
  return {
    identity,
    table: worst.table,
    vantage: vantageName(worst.vantage),
    target: targetName(worst),
    probe: probeKey(worst.probe),
    expect: expects.size > 1 || expect === undefined ? 'mixed' : expect,
    measured: together(group.map(measuredOf)),
    drift: worst.drift,
    cause: worst.cause?.code ?? null,
    message: worst.cause?.message ?? '',
    fix: worst.cause?.fix ?? '',
    objects: alike(worst.cause?.objects ?? [], names),
    attempts: group.reduce((sum, { attempts }) => sum + attempts.length, 0),
    isFlapping: group.some(({ isFlapping }) => isFlapping),
  };
}

function conflictOf(
  { severity, cause: { code, objects, message, fix }, cells }: Conflict,
  names: WorkloadNames,
  identities: ReadonlyMap<string, string>,
): BaselineConflict {
  const own = [...new Set(cells.flatMap((key) => identities.get(key) ?? []))].sort();
  return { severity, code, objects: alike(objects, names), message, fix, cells: own };
}
