/** A store in PostgreSQL, which several controllers may open: one leads, the others stand by. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Backend, BackendOptions } from './backend.ts';
import { postgresPool } from './postgres-pool.ts';
import type { Schema } from './schema.ts';

/**
 * Room for the next version of each row on its own page, where the one before is cleared away without a vacuum: tables
 * that are rewritten every second would grow until one comes.
 */
const HALF_EMPTY = sql`with (fillfactor = 45)`;

/** A row, its share of the index, and both once more until a vacuum has been. */
const TALLY_BYTES = 250;

/** Connects when it is first asked. */
export function openPostgres(url: string, location: string, options: BackendOptions): Backend {
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: postgresPool(url, options) }) });
  const sizeBytes = async (): Promise<number> => {
    const { rows } = await sql<{ bytes: number }>`
      select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes from pg_class c
      where c.relkind = 'r' and c.relname like 'mp\\_%' and pg_table_is_visible(c.oid)`.execute(db);
    return rows[0]?.bytes ?? 0;
  };
  return {
    kind: 'postgres',
    location,
    db,
    dialect: { rowId: 'bigint', bytes: 'bytea', rewritten: HALF_EMPTY, allKey: HALF_EMPTY },
    rows: (rows) => sql`json_array_elements(${JSON.stringify(rows)}::json) as r(value)`,
    sizeBytes,
    // Tables stay as long as they ever were when rows go, so it is the rows that count.
    exceeds: async (limitBytes) => {
      if ((await sizeBytes()) <= limitBytes) return false;
      const { rows } = await sql<{ bytes: number }>`
        select (select bytes from mp_meta) + (select count(*) from mp_tallies) * ${TALLY_BYTES}
          + pg_total_relation_size('mp_routes') + pg_total_relation_size('mp_positions') as bytes`.execute(db);
      return (rows[0]?.bytes ?? 0) > limitBytes;
    },
    // Autovacuum does.
    shrink: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}
