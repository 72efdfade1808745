/** What a monitor remembers over restarts, and what its past is read from. One schema, in SQLite or PostgreSQL. */
import type { Conflict } from '../judge/finding.ts';
import type { MonitorEvent, StoredEvent, SweepSummary } from '../monitor/events.ts';
import type { RouteState } from '../monitor/route-state.ts';
import type { Outcome } from '../../proto/outcome.ts';

export interface StoredRoute {
  /** `routeKey`. */
  readonly key: string;
  /**
   * What stands for it on the wire; never given to another route, so that late reports cannot be taken for another's.
   * It is to be committed before an agent hears of it.
   */
  readonly number: number;
  readonly state: RouteState;
}

/** How far an agent has been counted. */
export interface AgentPosition {
  readonly agentId: string;
  readonly bootId: string;
  /** Of the last batch whose outcomes are in the store. */
  readonly sequence: number;
}

/** Attempts of one minute, or of one hour where hours were asked for, that came to the same. */
export interface Tally {
  /** Its begin, milliseconds since 1970. */
  readonly minuteMs: number;
  readonly sourceNamespace: string;
  readonly targetNamespace: string;
  /** `ProbeKind`. */
  readonly probe: string;
  readonly outcome: Outcome['kind'];
  readonly attempts: number;
}

/** Everything of it is stored, or nothing. */
export interface Changes {
  readonly positions: readonly AgentPosition[];
  readonly routes: readonly StoredRoute[];
  /** Keys; their history stays until it is trimmed. */
  readonly goneRoutes: readonly string[];
  /** Added to what is stored of the same minute. */
  readonly tallies: readonly Tally[];
  readonly events: readonly MonitorEvent[];
  /** Whole sweeps (as their JSON), by id of a sweep in `events` or of an earlier one; few, they are big. */
  readonly documents: readonly { readonly sweepId: string; readonly json: string }[];
}

export interface Remembered {
  readonly routes: readonly StoredRoute[];
  readonly positions: readonly AgentPosition[];
  /** Numbers from here on have never been given to a route. */
  readonly nextRouteNumber: number;
  readonly lastEventId: number;
  /** That were told and are not over, as far back as events are kept. */
  readonly conflicts: readonly Conflict[];
  /** Of the serving certificate, that agents trust over restarts; null: none was kept yet. */
  readonly authority: Authority | null;
}

/** PEM. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

export interface EventQuery {
  /** Events with a greater id. @default 0 */
  readonly afterId?: number;
  /** Events with a smaller id, the latest of them. */
  readonly beforeId?: number;
  readonly kind?: MonitorEvent['kind'];
  /** `routeKey`: its transitions. */
  readonly route?: string;
  /** At most 1000. */
  readonly limit: number;
}

export interface TallyQuery {
  /** Minutes or hours that begin then or later. */
  readonly fromMs: number;
  /** Those that begin before. */
  readonly toMs: number;
  readonly width: 'minute' | 'hour';
  readonly sourceNamespace?: string;
  readonly targetNamespace?: string;
}

export interface Retention {
  /** @default 30 days */
  readonly eventsMs: number;
  /** @default 2 days */
  readonly sweepsMs: number;
  /** @default 2 days; hours are kept as long as events */
  readonly minutesMs: number;
  /** Whole sweeps. @default 50 */
  readonly documents: number;
  /** The oldest goes first when the store is bigger. @default 1 GiB */
  readonly sizeBytes: number;
}

/**
 * Rejects with MPE_STORE_FAILED whatever the database says; nothing has changed then, with the one exception of a commit
 * whose answer was lost.
 */
export interface Store extends AsyncDisposable {
  /**
   * From now on this process writes, and no former one can any more (its commits reject with MPE_STORE_TAKEN_OVER).
   * Resolves to what there is.
   */
  readonly takeOver: () => Promise<Remembered>;
  /**
   * Durable when it resolves, to the events with their ids in the order given. One at a time. What was rejected with
   * MPE_STORE_FAILED is to be committed again as the very same object before anything else: a database that had stored
   * it, and whose answer was lost, is found out then, and nothing is stored twice. Otherwise, in that rare case, what
   * comes instead is rejected with MPE_STORE_TAKEN_OVER until the store is taken over again.
   */
  readonly commit: (changes: Changes) => Promise<readonly StoredEvent[]>;
  readonly keepAuthority: (authority: Authority) => Promise<void>;
  /** The last event that `sink` was told; undefined: none was kept. */
  readonly toldUpTo: (sink: string) => Promise<number | undefined>;
  readonly keepToldUpTo: (sink: string, eventId: number) => Promise<void>;
  /** Oldest first. */
  readonly events: (query: EventQuery) => Promise<readonly StoredEvent[]>;
  /** Latest first, by their begin. `beforeMs`: those that began in an earlier millisecond, so that a begin names a page. */
  readonly sweeps: (query: { readonly beforeMs?: number; readonly limit: number }) => Promise<readonly SweepSummary[]>;
  readonly sweep: (id: string) => Promise<{ readonly summary: SweepSummary; readonly json: string | null } | undefined>;
  readonly tallies: (query: TallyQuery) => Promise<readonly Tally[]>;
  /**
   * Removes some of what is past its time or too much, and lets commits go first. Resolves to how many rows went; 0:
   * there is no more. What it cannot remove at once the next call does.
   */
  readonly trim: (nowMs: number) => Promise<number>;
  /** What it takes on the disk; in PostgreSQL a little more than retention goes by, which counts what is in it. */
  readonly sizeBytes: () => Promise<number>;
}

export const DEFAULT_RETENTION: Retention = {
  eventsMs: 30 * 86_400_000,
  sweepsMs: 2 * 86_400_000,
  minutesMs: 2 * 86_400_000,
  documents: 50,
  sizeBytes: 2 ** 30,
};
