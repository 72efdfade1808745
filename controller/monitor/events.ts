/** What a monitor has to tell: each once, in order, and kept. */
import type { Conflict, Attempt, Cause, Drift, Table, Verdict } from '../judge/finding.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Probe, Target, Vantage } from '../../proto/vocabulary.ts';
import type { Access } from './current.ts';

/**
 * A route is not any more what it was. `opened` and `closed`: the declared state changed, and the wire follows it; the
 * other words are the drift that begins (`agrees`: a drift that ends).
 */
export type TransitionTo = Drift | 'opened' | 'closed';

export interface Transition {
  readonly kind: 'transition';
  /** Of the attempt that decided, milliseconds since 1970. */
  readonly atMs: number;
  /** `routeKey`. */
  readonly route: string;
  /** The how-many-eth of this route, from 1 without gaps: what it went from is what the one before went to. */
  readonly sequence: number;
  readonly table: Table;
  readonly vantage: Vantage;
  /** `namespace/workload` that stands for the vantage. */
  readonly source: string;
  readonly target: Target;
  readonly probe: Probe;
  readonly to: TransitionTo;
  readonly drift: { readonly from: Drift; readonly to: Drift };
  readonly access: { readonly from: Access; readonly to: Access };
  /** Of a drift that begins; null where one ends. */
  readonly cause: Cause | null;
  /** One plain sentence, with the objects in it. */
  readonly message: string;
  /** What decides, or what changed. */
  readonly objects: readonly ObjectRef[];
  /** What it was seen by. */
  readonly attempts: readonly Attempt[];
}

/** A conflict that was not there before, or is no more. */
export interface ConflictChange {
  readonly kind: 'conflict';
  readonly atMs: number;
  readonly isOver: boolean;
  readonly conflict: Conflict;
}

export interface ChangedObject extends ObjectRef {
  readonly change: 'added' | 'changed' | 'deleted';
  /** Of the new state; of the old one where it was deleted; empty outside a cluster. */
  readonly resourceVersion: string;
}

/** How long a change of policy took until the wire showed it: from when it was known to the first and last changed cell. */
export interface Propagation {
  readonly kind: 'propagation';
  readonly atMs: number;
  readonly objects: readonly ChangedObject[];
  /** Keys of the routes whose declared answer changed and whose measured one followed. */
  readonly routes: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  /** Routes whose declared answer changed and that had not followed when the waiting ended. */
  readonly missing: readonly string[];
}

export type SweepTrigger = 'interval' | 'request';

/** One pass over the plan, as it is remembered. */
export interface SweepSummary {
  readonly id: string;
  readonly trigger: SweepTrigger;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly snapshotDigest: string;
  readonly verdict: Verdict;
}

export interface SweepEnded {
  readonly kind: 'sweep';
  readonly atMs: number;
  readonly sweep: SweepSummary;
}

export type MonitorEvent = Transition | ConflictChange | Propagation | SweepEnded;

/** An event with its place in the one order of all events; numbers never go back, over all restarts. */
export interface StoredEvent {
  readonly id: number;
  readonly event: MonitorEvent;
}
