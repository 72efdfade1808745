/** One planned cell: a route with all that an agent has to be told, except addresses. */
import type { Table } from '../judge/finding.ts';
import type { Route, Vantage } from '../../proto/vocabulary.ts';
import type { Timeouts } from './options.ts';

export interface PlacedVantage {
  readonly vantage: Vantage;
  /** `namespace/workload` (or pod) that stands for the vantage in the declared state. */
  readonly workload: string;
}

export interface PlannedCell extends Timeouts {
  readonly table: Table;
  /** `routeKey` of the route. */
  readonly key: string;
  readonly route: Route;
  /** `namespace/workload` that stands for the vantage. */
  readonly source: string;
  /** `namespace/workload` that a pod target is of: pods come and go, and it stays. Absent for Services. */
  readonly workload?: string;
  /** The Host header or `:authority`; empty: the address that is dialled. */
  readonly authority: string;
  /** Empty: not sent. */
  readonly serverName: string;
  readonly peerIdentities: readonly string[];
  /** At least 1; enough to meet every endpoint of the target. */
  readonly attempts: number;
}

/** A cell as the tables propose it, before it has its key and deadlines. */
export type Proposal = Omit<PlannedCell, 'key' | keyof Timeouts>;
