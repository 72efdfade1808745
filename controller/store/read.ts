/** What the page, the API and a new leader read. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Kysely } from 'kysely';
import { standingAfter } from '../monitor/conclusion.ts';
import type { MonitorEvent, StoredEvent, SweepSummary } from '../monitor/events.ts';
import type { RouteState } from '../monitor/route-state.ts';
import type { Outcome } from '../../proto/outcome.ts';
import { storable } from './rows.ts';
import type { Schema } from './schema.ts';
import type { EventQuery, Remembered, Store, Tally, TallyQuery } from './store.ts';

/** Of events, and of sweeps. */
const MOST_ROWS = 1000;

const unpacked = promisify(gunzip);

export async function readEvents(db: Kysely<Schema>, query: EventQuery): Promise<readonly StoredEvent[]> {
  const { afterId, beforeId, kind, route } = query;
  let events = db.selectFrom('mp_events').select(['id', 'json']).limit(bounded(query.limit));
  if (afterId !== undefined) events = events.where('id', '>', afterId);
  if (beforeId !== undefined) events = events.where('id', '<', beforeId);
  if (kind !== undefined) events = events.where('kind', '=', kind);
  if (route !== undefined) events = events.where('route', '=', storable(route));
  const rows = await events.orderBy('id', beforeId === undefined ? 'asc' : 'desc').execute();
  if (beforeId !== undefined) rows.reverse();
  return rows.map(({ id, json }) => ({ id, event: JSON.parse(json) as MonitorEvent }));
}

export async function readSweeps(
  db: Kysely<Schema>,
  { beforeMs, limit }: Parameters<Store['sweeps']>[0],
): Promise<readonly SweepSummary[]> {
  let sweeps = db.selectFrom('mp_sweeps').select('json').limit(bounded(limit));
  if (beforeMs !== undefined) sweeps = sweeps.where('started_ms', '<', Math.floor(beforeMs));
  const rows = await sweeps.orderBy('started_ms', 'desc').orderBy('id', 'desc').execute();
  return rows.map(({ json }) => JSON.parse(json) as SweepSummary);
}

export async function readSweep(
  db: Kysely<Schema>,
  id: string,
): Promise<{ readonly summary: SweepSummary; readonly json: string | null } | undefined> {
  const found = await db
    .selectFrom('mp_sweeps')
    .leftJoin('mp_documents', 'mp_documents.sweep_id', 'mp_sweeps.id')
    .select(['json', 'gzip'])
    .where('mp_sweeps.id', '=', storable(id))
    .executeTakeFirst();
  if (found === undefined) return undefined;
  return {
    summary: JSON.parse(found.json) as SweepSummary,
    json: found.gzip === null ? null : (await unpacked(found.gzip)).toString(),
  };
}

export async function readTallies(db: Kysely<Schema>, query: TallyQuery): Promise<readonly Tally[]> {
  const { sourceNamespace, targetNamespace } = query;
  let tallies = db
    .selectFrom('mp_tallies')
    .selectAll()
    .where('width', '=', query.width)
    .where('from_ms', '>=', Math.ceil(query.fromMs))
    .where('from_ms', '<', Math.ceil(query.toMs));
  if (sourceNamespace !== undefined) tallies = tallies.where('source_namespace', '=', storable(sourceNamespace));
  if (targetNamespace !== undefined) tallies = tallies.where('target_namespace', '=', storable(targetNamespace));
  const rows = await tallies.orderBy('from_ms').execute();
  return rows.map((row) => ({
    minuteMs: row.from_ms,
    sourceNamespace: row.source_namespace,
    targetNamespace: row.target_namespace,
    probe: row.probe,
    outcome: row.outcome as Outcome['kind'],
    attempts: row.attempts,
  }));
}

/** In the transaction that took over, so that nothing is added meanwhile. */
export async function readRemembered(
  db: Kysely<Schema>,
  { next_event, next_route }: Pick<Schema['mp_meta'], 'next_event' | 'next_route'>,
): Promise<Remembered> {
  const routes = await db.selectFrom('mp_routes').selectAll().orderBy('number').execute();
  const positions = await db.selectFrom('mp_positions').selectAll().orderBy('agent_id').execute();
  const conflicts = await db
    .selectFrom('mp_events')
    .select('json')
    .where('kind', '=', 'conflict' satisfies MonitorEvent['kind'])
    .orderBy('id')
    .execute();
  const authority = await db.selectFrom('mp_authority').select(['certificate', 'key']).executeTakeFirst();
  return {
    routes: routes.map(({ key, number, state }) => ({ key, number, state: JSON.parse(state) as RouteState })),
    positions: positions.map(({ agent_id, boot_id, sequence }) => ({ agentId: agent_id, bootId: boot_id, sequence })),
    nextRouteNumber: next_route,
    lastEventId: next_event - 1,
    conflicts: standingAfter(conflicts.map(({ json }) => JSON.parse(json) as MonitorEvent)),
    authority: authority === undefined ? null : { certificate: authority.certificate, key: authority.key },
  };
}

function bounded(limit: number): number {
  return Math.min(Math.max(Math.floor(limit), 0), MOST_ROWS);
}
