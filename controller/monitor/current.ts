/** The matrix as it stands: what a monitor knows at one moment, and what everybody who shows it reads. */
import type { Cell, Conflict, Drift, SnapshotSummary, Verdict } from '../judge/finding.ts';
import type { SweepSummary } from './events.ts';

/** What the wire says of a route: an answer came back, none did, or nobody knows. */
export type Access = 'open' | 'closed' | 'unknown';

/**
 * `fresh`: attempted within three of its intervals (two and an attempt's timeout where that is longer). `stale`: attempted
 * before that. `unmeasured`: not attempted yet.
 */
export type Freshness = 'fresh' | 'stale' | 'unmeasured';

/** Why what is seen of a route says nothing about its policy at the moment. Shown and counted, never a finding. */
export type Suppression = 'terminating' | 'not-ready' | 'rollout' | 'fresh-policy';

export interface RouteNow {
  /**
   * As judged last, but with the *debounced* drift, and its cause. A route that is stale is `unknown` here: a monitor
   * that has stopped looking knows nothing.
   */
  readonly cell: Cell;
  /** What the latest attempts by themselves come to. */
  readonly seen: Drift;
  readonly access: Access;
  /** When the debounced drift became what it is, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Of the latest attempt, milliseconds since 1970; null: none yet. */
  readonly measuredAtMs: number | null;
  readonly freshness: Freshness;
  /** Changed its drift too often of late to be believed either way. */
  readonly isFlapping: boolean;
  readonly suppression: Suppression | null;
  readonly intervalMs: number;
}

export interface AgentNow {
  readonly id: string;
  /** `vantageKey`. */
  readonly vantage: string;
  readonly state: 'connecting' | 'up' | 'stale' | 'lost';
  /** Why it is not up; empty otherwise. */
  readonly why: string;
  /** p99 of the event loop's lag, milliseconds, as the agent says; null: it has not said. */
  readonly loopLagMs: number | null;
  readonly droppedOutcomes: number;
}

/** What keeps the monitor from knowing; each turns every route stale that it bears on. */
export interface Trouble {
  readonly kind: 'cluster' | 'store' | 'clock' | 'no-agents' | 'stalled';
  /** One sentence with what to do. */
  readonly message: string;
  readonly sinceMs: number;
}

export interface Current {
  /** Grows with every change; the same number, the same matrix. */
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly intervalMs: number;
  readonly snapshot: SnapshotSummary & { readonly syncedAtMs: number; readonly warnings: readonly string[] };
  /** In the order of the plan: reachability, transport, health. */
  readonly routes: readonly RouteNow[];
  readonly conflicts: readonly Conflict[];
  readonly verdict: Verdict;
  readonly optedOut: readonly string[];
  readonly agents: readonly AgentNow[];
  readonly troubles: readonly Trouble[];
  /** Null: none is complete yet. */
  readonly lastSweep: SweepSummary | null;
}
