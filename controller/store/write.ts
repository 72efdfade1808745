/** Writes what a commit changes: a statement a table, only of tables that change. */
import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Backend } from './backend.ts';
import { OVERHEAD_BYTES } from './rows.ts';
import type { Rows } from './rows.ts';
import type { Schema } from './schema.ts';

/** Events get ids from `firstEventId` on, in their order. */
export async function write(
  trx: Transaction<Schema>,
  { rows }: Backend,
  changes: Rows,
  firstEventId: number,
): Promise<void> {
  const { goneRoutes, routes, positions, tallies, sweeps, documents } = changes;
  if (goneRoutes.length > 0) {
    await sql`delete from mp_routes where key in (select r.value ->> 0 from ${rows(goneRoutes)})`.execute(trx);
  }
  if (routes.length > 0) {
    // What is as it was is not written again: a row that is costs the log and, in PostgreSQL, a vacuum.
    await sql`
      insert into mp_routes as old (key, number, state)
      select r.value ->> 0, cast(r.value ->> 1 as bigint), r.value ->> 2 from ${rows(routes)} where true
      on conflict (key) do update set number = excluded.number, state = excluded.state
      where old.state <> excluded.state or old.number <> excluded.number`.execute(trx);
  }
  if (positions.length > 0) {
    await sql`
      insert into mp_positions (agent_id, boot_id, sequence)
      select r.value ->> 0, r.value ->> 1, cast(r.value ->> 2 as bigint) from ${rows(positions)} where true
      on conflict (agent_id) do update
      set boot_id = excluded.boot_id, sequence = excluded.sequence, idle_since_ms = null`.execute(trx);
  }
  if (tallies.length > 0) {
    await sql`
      insert into mp_tallies as old
        (width, from_ms, source_namespace, target_namespace, probe, outcome, attempts)
      select r.value ->> 0, cast(r.value ->> 1 as bigint), r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5,
        cast(r.value ->> 6 as bigint)
      from ${rows(tallies)} where true
      on conflict (width, from_ms, source_namespace, target_namespace, probe, outcome)
      do update set attempts = old.attempts + excluded.attempts`.execute(trx);
  }
  if (changes.events.length > 0) {
    const events = changes.events.map((row, index) => [firstEventId + index, ...row]);
    await sql`
      insert into mp_events (id, at_ms, kind, route, json, bytes)
      select cast(r.value ->> 0 as bigint), cast(r.value ->> 1 as bigint), r.value ->> 2, r.value ->> 3, r.value ->> 4,
        cast(r.value ->> 5 as bigint)
      from ${rows(events)}`.execute(trx);
  }
  const added: { bytes: number }[] = [];
  if (sweeps.length > 0) {
    const { rows: stored } = await sql<{ bytes: number }>`
      insert into mp_sweeps (id, started_ms, json, bytes)
      select r.value ->> 0, cast(r.value ->> 1 as bigint), r.value ->> 2, cast(r.value ->> 3 as bigint)
      from ${rows(sweeps)} where true
      on conflict (id) do nothing returning bytes`.execute(trx);
    added.push(...stored);
  }
  for (const { sweepId, gzip } of documents) {
    // A sweep that has been trimmed by now needs none.
    const { rows: stored } = await sql<{ bytes: number }>`
      insert into mp_documents (sweep_id, gzip, bytes)
      select id, ${gzip}, ${gzip.byteLength + OVERHEAD_BYTES} from mp_sweeps where id = ${sweepId}
      on conflict (sweep_id) do nothing returning bytes`.execute(trx);
    added.push(...stored);
  }
  const bytes = added.reduce((sum, row) => sum + row.bytes, 0);
  if (bytes > 0) {
    await trx
      .updateTable('mp_meta')
      .set((meta) => ({ bytes: meta('bytes', '+', bytes) }))
      .execute();
  }
}
