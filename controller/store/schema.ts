/** The tables as they are now, the same in both databases. Their prefix keeps them apart where a database is shared. */

export interface Schema {
  /** One row: who writes, and the counters that never go back. Every write updates it first, and so waits for its turn. */
  mp_meta: {
    id: number;
    /** How often the store was taken over; who has an older one writes nothing. */
    term: number;
    next_event: number;
    next_route: number;
    /** Which commit was the last, so that one whose answer was lost can be told from one that failed. */
    last_commit: string;
    /** What events, sweeps and documents take, about. */
    bytes: number;
  };
  mp_authority: { id: number; certificate: string; key: string };
  /** `event_id`: the last that the sink was told, or that was given up. */
  mp_sinks: { name: string; event_id: number };
  mp_routes: { number: number; key: string; state: string };
  /** `idle_since_ms`: when a trim first saw that nothing came any more; null: something came since the last one. */
  mp_positions: { agent_id: string; boot_id: string; sequence: number; idle_since_ms: number | null };
  mp_events: { id: number; at_ms: number; kind: string; route: string | null; json: string; bytes: number };
  mp_sweeps: { id: string; started_ms: number; json: string; bytes: number };
  mp_documents: { sweep_id: string; gzip: Uint8Array; bytes: number };
  mp_tallies: {
    width: 'minute' | 'hour';
    from_ms: number;
    source_namespace: string;
    target_namespace: string;
    probe: string;
    outcome: string;
    attempts: number;
  };
}

export const MIGRATIONS_TABLE = 'mp_migrations';
export const MIGRATIONS_LOCK_TABLE = 'mp_migrations_lock';
