/**
 * A sweep as it is kept to be compared with: cells by what policy can tell apart. Names of pods, ReplicaSets and addresses
 * are not in it, nor how many replicas there are.
 */
import type { Cell, Conflict, Drift, Severity, Sweep, Table } from '../judge/finding.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import { probeKey, targetKey, vantageKey } from '../../proto/vocabulary.ts';

/** What the wire showed: an answer over this transport, none, answers of some pods only, or nothing that counts. */
export type Measured = 'plaintext' | 'tls' | 'mtls' | 'hbone' | 'answered' | 'closed' | 'mixed' | 'unknown';

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
}

export interface BaselineConflict {
  readonly severity: Severity;
  readonly code: string;
  readonly objects: readonly ObjectRef[];
  readonly message: string;
}

export interface Baseline {
  readonly version: 1;
  readonly name: string;
  readonly sweepId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly snapshotDigest: string;
  /** Sorted by identity. */
  readonly cells: readonly BaselineCell[];
  /** Those that the wire confirmed. */
  readonly conflicts: readonly BaselineConflict[];
}

export function baselineOf(sweep: Sweep, name: string): Baseline {
  const { id, startedAt, finishedAt, snapshot, cells, conflicts } = sweep;
  const alike = Map.groupBy(cells, identityOf);
  const merged = [...alike].sort(([a], [b]) => (a < b ? -1 : 1)).map(([identity, group]) => merge(identity, group));
  return {
    version: 1,
    name,
    sweepId: id,
    startedAt,
    finishedAt,
    snapshotDigest: snapshot.digest,
    cells: merged.flatMap((cell) => cell ?? []),
    conflicts: conflicts.filter(({ isConfirmed }) => isConfirmed).map(conflictOf),
  };
}

/** Worst first. */
const DRIFTS: readonly Drift[] = ['exposed', 'blocked', 'downgraded', 'misplaced', 'unknown', 'agrees'];

function identityOf(cell: Cell): string {
  return `${cell.table} ${vantageKey(cell.vantage)} → ${targetName(cell)} ${probeKey(cell.probe)}`;
}

function targetName({ target, workload }: Cell): string {
  if (target.kind === 'service') return targetKey(target);
  return `pods:${workload ?? `${target.namespace}/${target.name}`}:${String(target.port)}`;
}

function merge(identity: string, group: readonly Cell[]): BaselineCell | undefined {
  const worst = [...group].sort((a, b) => DRIFTS.indexOf(a.drift) - DRIFTS.indexOf(b.drift))[0];
  if (worst === undefined) return undefined;
  const expects = new Set(group.map(({ expectation }) => expectation.expect));
  const [expect] = expects;
  return {
    identity,
    table: worst.table,
    vantage: vantageKey(worst.vantage),
    target: targetName(worst),
    probe: probeKey(worst.probe),
    expect: expects.size > 1 || expect === undefined ? 'mixed' : expect,
    measured: together(group.map(measuredOf)),
    drift: worst.drift,
    cause: worst.cause?.code ?? null,
    message: worst.cause?.message ?? '',
  };
}

/** What is not known of one pod says nothing against what is known of the others. */
function together(each: readonly Measured[]): Measured {
  const known = new Set(each.filter((measured) => measured !== 'unknown'));
  const [only = 'unknown', ...others] = known;
  return others.length > 0 ? 'mixed' : only;
}

function measuredOf({ outcome, drift }: Cell): Measured {
  if (outcome.kind === 'untested' || drift === 'unknown') return 'unknown';
  if (outcome.kind !== 'reached') return 'closed';
  return outcome.transport === 'unproved' ? 'answered' : outcome.transport;
}

function conflictOf({ severity, cause: { code, objects, message } }: Conflict): BaselineConflict {
  return { severity, code, objects, message };
}
