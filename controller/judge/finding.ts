/** What a judged sweep consists of: cells with their drift, conflicts, and the verdict. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Probe, Target, Vantage } from '../../proto/vocabulary.ts';
import type { Expectation, ObjectRef } from '../declared/expectation.ts';
import type { HostVantage } from '../plan/options.ts';
import type { CauseCode } from './causes.ts';

export type Table = 'reachability' | 'transport' | 'health';

export type Drift = 'agrees' | 'exposed' | 'blocked' | 'downgraded' | 'misplaced' | 'unknown';

/** One attempt as it was reported; all of them are kept. */
export interface Attempt {
  readonly startedAtMs: number;
  /** `ip:port` that was dialled; empty when nothing was. */
  readonly address: string;
  /** The endpoint behind the address (`namespace/pod`) where it is known. */
  readonly pod?: string;
  readonly outcome: Outcome;
}

/** Why a finding is so, in words with the real objects in them. */
export interface Cause {
  readonly code: CauseCode;
  /** One plain sentence. */
  readonly message: string;
  readonly fix: string;
  readonly objects: readonly ObjectRef[];
}

export interface Cell {
  readonly table: Table;
  /** `routeKey` of the cell: unique in the sweep. */
  readonly key: string;
  readonly vantage: Vantage;
  /** `namespace/workload` that stands for the vantage. */
  readonly source: string;
  readonly target: Target;
  /** `namespace/workload` that a pod target is of; absent for Services. */
  readonly workload?: string;
  readonly probe: Probe;
  readonly expectation: Expectation;
  /** What the attempts come to; the odd one out decides nothing, it makes the cell flapping. */
  readonly outcome: Outcome;
  readonly attempts: readonly Attempt[];
  readonly drift: Drift;
  readonly isFlapping: boolean;
  /** Of the drift, of the plain denial, or of the unknown; null where nothing is to be explained. */
  readonly cause: Cause | null;
}

export type Severity = 'critical' | 'error' | 'warning';

/** Declared objects that contradict each other or their own purpose. One finding a cause, never one a pair. */
export interface Conflict {
  readonly severity: Severity;
  readonly cause: Cause;
  /** Keys of the cells that it explains. */
  readonly cells: readonly string[];
  /** The wire showed it: at least one of its cells was measured and agrees with the declared sum. */
  readonly isConfirmed: boolean;
}

export type VerdictValue = 'pass' | 'fail' | 'inconclusive';

export interface Verdict {
  readonly value: VerdictValue;
  /** Judged cells / planned cells, 0 to 1. */
  readonly coverage: number;
  readonly counts: Readonly<Record<Drift, number>> & {
    readonly planned: number;
    readonly deniedAsDeclared: number;
    readonly flapping: number;
    readonly critical: number;
    readonly error: number;
    readonly warning: number;
  };
  /** Why the value is what it is, one line. */
  readonly why: string;
}

export interface SnapshotSummary {
  readonly digest: string;
  readonly objects: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion: string;
  }[];
}

/** A finished sweep: the published JSON is this, with apiVersion and kind. */
/** What was measured: only alike can be compared. */
export type SweepScope =
  | { readonly kind: 'sandbox'; readonly scenario: string }
  | { readonly kind: 'cluster'; readonly namespaces: readonly string[] | 'all'; readonly hostVantage: HostVantage };

export interface Sweep {
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Absent in sweeps of before it was told. */
  readonly scope?: SweepScope;
  readonly snapshot: SnapshotSummary;
  readonly vantages: readonly Vantage[];
  readonly targets: readonly Target[];
  /** What its owner kept from being measured: `Namespace shop`, `Service shop/pay`, `Workload shop/pay`. */
  readonly optedOut: readonly string[];
  readonly cells: readonly Cell[];
  readonly conflicts: readonly Conflict[];
  readonly verdict: Verdict;
}
