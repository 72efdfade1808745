/** One commit's changes as rows of tables. */
import type { MonitorEvent, SweepSummary } from '../monitor/events.ts';
import type { Row } from './backend.ts';
import type { AgentPosition, Changes, StoredRoute, Tally } from './store.ts';

/** Laid out before the transaction begins, so that others wait for it as short as can be. */
export interface Rows {
  /** Without their ids. */
  readonly events: readonly Row[];
  /** What `events` add to the store, about. */
  readonly eventBytes: number;
  readonly sweeps: readonly Row[];
  readonly documents: readonly { readonly sweepId: string; readonly gzip: Uint8Array }[];
  readonly positions: readonly Row[];
  readonly goneRoutes: readonly Row[];
  readonly routes: readonly Row[];
  /** Past all numbers of `routes`. */
  readonly nextRouteNumber: number;
  readonly tallies: readonly Row[];
}

/** Its row and its shares of indexes, about. */
export const OVERHEAD_BYTES = 200;
export const HOUR_MS = 3_600_000;

/** Where a key comes twice, the later one stands; attempts of one key are added up. */
export function layOut(changes: Changes, documents: Rows['documents']): Rows {
  const events = changes.events.map(eventRow);
  return {
    events,
    eventBytes: events.reduce((sum, row) => sum + bytesOf(row), 0),
    sweeps: unique(changes.events.flatMap((event) => (event.kind === 'sweep' ? [sweepRow(event.sweep)] : []))),
    documents,
    positions: unique(changes.positions.map(positionRow)),
    goneRoutes: changes.goneRoutes.map((key) => [storable(key)]),
    routes: unique(changes.routes.map(routeRow)),
    nextRouteNumber: changes.routes.reduce((next, { number }) => Math.max(next, number + 1), 1),
    tallies: sums(changes.tallies),
  };
}

/** What `trim` takes off again when the row goes: by convention the last column. */
export function bytesOf(row: Row): number {
  return Number(row.at(-1));
}

/** PostgreSQL keeps neither NUL nor halves of surrogate pairs; one bad name must not keep everything else out. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function eventRow(event: MonitorEvent): Row {
  const route = event.kind === 'transition' ? storable(event.route) : null;
  const json = JSON.stringify(event);
  const bytes = Buffer.byteLength(json) + (route?.length ?? 0) + OVERHEAD_BYTES;
  return [Math.floor(event.atMs), event.kind, route, json, bytes];
}

function sweepRow(sweep: SweepSummary): Row {
  const json = JSON.stringify(sweep);
  return [storable(sweep.id), Math.floor(sweep.startedAtMs), json, Buffer.byteLength(json) + OVERHEAD_BYTES];
}

function positionRow({ agentId, bootId, sequence }: AgentPosition): Row {
  return [storable(agentId), storable(bootId), sequence];
}

function routeRow({ key, number, state }: StoredRoute): Row {
  return [storable(key), number, JSON.stringify(state)];
}

/** By the first column, the later row stands. */
function unique(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [row[0], row])).values()];
}

/** Every attempt is in the sum of its minute and in that of its hour, so that minutes can go without being added up. */
function sums(tallies: readonly Tally[]): readonly Row[] {
  const found = new Map<string, Row>();
  const add = (key: Row, attempts: number): void => {
    const name = JSON.stringify(key);
    found.set(name, [...key, Number(found.get(name)?.at(-1) ?? 0) + attempts]);
  };
  for (const { minuteMs, sourceNamespace, targetNamespace, probe, outcome, attempts } of tallies) {
    if (attempts === 0) continue;
    const of = [storable(sourceNamespace), storable(targetNamespace), storable(probe), outcome];
    add(['minute', minuteMs, ...of], attempts);
    add(['hour', Math.floor(minuteMs / HOUR_MS) * HOUR_MS, ...of], attempts);
  }
  return [...found.values()];
}
