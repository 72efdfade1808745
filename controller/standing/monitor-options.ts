/** What a monitor is given: whom it works with, and how it is to work. */
import type { Clock } from '../../proto/clock.ts';
import type { Launcher } from '../fleet/launcher.ts';
import type { JudgeOptions } from '../judge/judge.ts';
import type { PlanOptions } from '../plan/plan.ts';
import type { StateSource } from '../snapshot/state-source.ts';
import type { Store } from '../store/store.ts';

export interface MonitorDeps {
  readonly source: StateSource;
  /** Belongs to the caller, who disposes it. */
  readonly launcher: Launcher;
  /** Belongs to the caller. */
  readonly store: Store;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

export interface MonitorOptions extends PlanOptions, Omit<JudgeOptions, 'namespaces' | 'settleMs'> {
  /** Between two attempts on a route; at least a second. Longer where targets could not take it otherwise. */
  readonly intervalMs: number;
  /** How long a change of the declared state may take to reach every proxy. */
  readonly settleMs: number;
  /** Of all agents together on one target. */
  readonly attemptsPerSecond: number;
  readonly lostAfterMs: number;
  readonly heartbeatIntervalMs: number;
}
