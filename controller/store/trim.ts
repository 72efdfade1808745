/** Removes what is past its time or too much, the oldest first, in small transactions that commits fit in between. */
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RawBuilder, Transaction } from 'kysely';
import type { Backend } from './backend.ts';
import type { Schema } from './schema.ts';
import type { Retention } from './store.ts';

/** In one transaction. */
const ROWS_AT_ONCE = 500;
/** With their documents, which are big. */
const SWEEPS_AT_ONCE = 20;
/** Of what is not past its time, so that not much more goes than is needed. */
const EARLY_ROWS_AT_ONCE = 100;
const EARLY_SWEEPS_AT_ONCE = 2;
/** Of one trim; the next one goes on. */
const TRANSACTIONS = 100;

type Transacted = Transaction<Schema>;
/** Removes some rows. Resolves to how many; 0: there are no more. */
type Step = (trx: Transacted) => Promise<number>;

/** Resolves to how many rows went. `transact` runs a step as who has the store. */
export async function trim(
  { exceeds, shrink }: Pick<Backend, 'exceeds' | 'shrink'>,
  transact: (step: Step) => Promise<number>,
  retention: Retention,
  nowMs: number,
): Promise<number> {
  const before = (keptMs: number): number => Math.ceil(nowMs - keptMs);
  const steps: readonly Step[] = [
    (trx) => trimEvents(trx, before(retention.eventsMs)),
    (trx) => trimSweeps(trx, before(retention.sweepsMs)),
    (trx) => trimDocuments(trx, retention.documents),
    (trx) => trimTallies(trx, 'minute', before(retention.minutesMs)),
    (trx) => trimTallies(trx, 'hour', before(retention.eventsMs)),
    (trx) => trimPositions(trx, nowMs, before(retention.minutesMs)),
  ];
  let left = TRANSACTIONS;
  let gone = 0;
  const run = async (step: Step): Promise<number> => {
    left -= 1;
    const went = await transact(step);
    gone += went;
    // Nothing else would get its turn: SQLite answers at once.
    await setImmediate();
    return went;
  };
  for (const step of steps) {
    while (left > 0 && (await run(step)) > 0);
  }
  while (left > 0 && (await exceeds(retention.sizeBytes)) && (await run(trimOldest)) > 0);
  await shrink();
  return gone;
}

async function trimEvents(trx: Transacted, beforeMs: number, limit = ROWS_AT_ONCE): Promise<number> {
  return remove(
    trx,
    sql`delete from mp_events where id in
      (select id from mp_events where at_ms < ${beforeMs} order by at_ms, id limit ${limit})`,
  );
}

async function trimSweeps(trx: Transacted, beforeMs: number, limit = SWEEPS_AT_ONCE): Promise<number> {
  const oldest = sql`(select id from mp_sweeps where started_ms < ${beforeMs} order by started_ms, id
    limit ${limit})`;
  const documents = await remove(trx, sql`delete from mp_documents where sweep_id in ${oldest}`);
  return documents + (await remove(trx, sql`delete from mp_sweeps where id in ${oldest}`));
}

async function trimDocuments(trx: Transacted, kept: number): Promise<number> {
  return remove(
    trx,
    sql`delete from mp_documents where sweep_id in
      (select d.sweep_id from mp_documents d join mp_sweeps s on s.id = d.sweep_id
        order by s.started_ms desc, s.id desc limit ${SWEEPS_AT_ONCE} offset ${kept})`,
  );
}

/** Of rows that say what they took. */
async function remove(trx: Transacted, deletion: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`${deletion} returning bytes`.execute(trx);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  if (bytes > 0) {
    await trx
      .updateTable('mp_meta')
      .set((meta) => ({ bytes: meta('bytes', '-', bytes) }))
      .execute();
  }
  return rows.length;
}

async function trimTallies(
  trx: Transacted,
  width: 'minute' | 'hour',
  beforeMs: number,
  limit = ROWS_AT_ONCE,
): Promise<number> {
  const { rows } = await sql<{ from_ms: number }>`
    select from_ms from mp_tallies where width = ${width} and from_ms < ${beforeMs}
    order by from_ms limit ${limit}`.execute(trx);
  const last = rows.at(-1);
  if (last === undefined) return 0;
  // Whole minutes: those of one are not that many, and the key begins with it.
  const { numDeletedRows } = await trx
    .deleteFrom('mp_tallies')
    .where('width', '=', width)
    .where('from_ms', '<=', last.from_ms)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** What an agent that is back after so long counts once more is in minutes that have gone. */
async function trimPositions(trx: Transacted, nowMs: number, idleBeforeMs: number): Promise<number> {
  await trx
    .updateTable('mp_positions')
    .set({ idle_since_ms: Math.floor(nowMs) })
    .where('idle_since_ms', 'is', null)
    .execute();
  const { numDeletedRows } = await trx
    .deleteFrom('mp_positions')
    .where('idle_since_ms', '<', idleBeforeMs)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Some of whatever goes back furthest. */
async function trimOldest(trx: Transacted): Promise<number> {
  const { rows } = await sql<{ kind: keyof typeof OLDEST; ms: number | null }>`
    select 'event' as kind, min(at_ms) as ms from mp_events
    union all select 'sweep', min(started_ms) from mp_sweeps
    union all select 'minute', min(from_ms) from mp_tallies where width = 'minute'
    union all select 'hour', min(from_ms) from mp_tallies where width = 'hour'`.execute(trx);
  const [oldest] = rows
    .flatMap(({ kind, ms }) => (ms === null ? [] : [{ kind, ms }]))
    .toSorted((one, other) => one.ms - other.ms);
  return oldest === undefined ? 0 : OLDEST[oldest.kind](trx);
}

const ANY_TIME = Number.MAX_SAFE_INTEGER;
const OLDEST = {
  event: (trx) => trimEvents(trx, ANY_TIME, EARLY_ROWS_AT_ONCE),
  sweep: (trx) => trimSweeps(trx, ANY_TIME, EARLY_SWEEPS_AT_ONCE),
  minute: (trx) => trimTallies(trx, 'minute', ANY_TIME, EARLY_ROWS_AT_ONCE),
  hour: (trx) => trimTallies(trx, 'hour', ANY_TIME, EARLY_ROWS_AT_ONCE),
} as const satisfies Record<string, Step>;
