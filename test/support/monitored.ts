/** A monitor made by hand: a matrix of n × m routes with the drifts that a test wants, changed when a test says so. */
import type { Mesh } from '../../controller/declared/mesh.ts';
import type { Cause, Cell, Conflict, Drift } from '../../controller/judge/finding.ts';
import type { Access, Current, RouteNow } from '../../controller/monitor/current.ts';
import type { MonitorEvent, StoredEvent, SweepSummary, Transition } from '../../controller/monitor/events.ts';
import type { IngestResult, Monitored, RequestedSweep } from '../../controller/monitor/monitored.ts';
import { stalled } from '../../controller/monitor/outlook.ts';
import type { Store } from '../../controller/store/store.ts';
import { cause, cell, reachedInPlaintext, refusedByStrict, reset, sweep, target, untested } from './sweeps.ts';

/** When everything here was measured, unless a test says otherwise. */
export const NOON_MS = Date.parse('2026-01-02T12:00:00Z');

export interface Drawn {
  readonly rows: number;
  readonly columns: number;
  /** Vantages and targets of one namespace. @default 10 */
  readonly perNamespace?: number;
  /** Row and column count from 0. @default agrees, and open */
  readonly drift?: (row: number, column: number) => Drift;
  /** Agrees, and refused as declared. @default none */
  readonly isDenied?: (row: number, column: number) => boolean;
}

/** `ns-0/app-3`: the third of the first namespace. */
export function workloadName(at: number, perNamespace = 10): string {
  return `ns-${String(Math.floor(at / perNamespace))}/app-${String(at % perNamespace)}`;
}

/** Rows are naked callers of `ns-0/app-0:8080` and so on; the cause of a drift names its target. */
export function drawnCells({
  rows,
  columns,
  perNamespace = 10,
  drift = () => 'agrees',
  isDenied = () => false,
}: Drawn): readonly Cell[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const source = workloadName(row, perNamespace);
      const to = `${workloadName(column, perNamespace)}:8080`;
      return driftingCell({ source, to }, drift(row, column), isDenied(row, column));
    }),
  ).flat();
}

/** As judged; every attempt of it agrees with the drift. */
export function driftingCell(
  { source, to, table }: { readonly source: string; readonly to: string; readonly table?: Cell['table'] },
  drift: Drift,
  isDenied = false,
): Cell {
  const where = { source, to, ...(table && { table }) };
  const name = target(to).name;
  switch (drift) {
    case 'agrees':
      return isDenied ? cell({ ...where, expectation: refusedByStrict, outcome: reset }) : cell(where);
    case 'exposed': {
      const why = cause('MP1005', `${source} → ${to} answered in plaintext although STRICT is declared.`, name);
      return cell({ ...where, expectation: refusedByStrict, outcome: reachedInPlaintext, drift, cause: why });
    }
    case 'blocked':
      return cell({ ...where, outcome: reset, drift, cause: blockedBy(source, to, name) });
    case 'downgraded':
    case 'misplaced':
      return cell({ ...where, outcome: reachedInPlaintext, drift, cause: blockedBy(source, to, name) });
    case 'unknown':
      return cell({ ...where, outcome: untested, drift });
  }
}

function blockedBy(source: string, to: string, name: string): Cause {
  return cause('MP1003', `${source} → ${to} was refused (reset, application layer), although it is let through.`, name);
}

export function accessOf({ outcome }: Pick<Cell, 'outcome'>): Access {
  if (outcome.kind === 'untested') return 'unknown';
  return outcome.kind === 'reached' ? 'open' : 'closed';
}

export function routeNow(one: Cell, facts: Partial<Omit<RouteNow, 'cell'>> = {}): RouteNow {
  return {
    cell: one,
    seen: one.drift,
    access: accessOf(one),
    sinceMs: NOON_MS - 60_000,
    measuredAtMs: NOON_MS,
    freshness: 'fresh',
    isFlapping: false,
    suppression: null,
    intervalMs: 2000,
    ...facts,
  };
}

/** A matrix at noon, of which everything else follows from its cells. */
export function currentOf(
  cells: readonly Cell[],
  facts: Partial<Current> = {},
  conflicts: readonly Conflict[] = [],
): Current {
  const { verdict, snapshot } = sweep(cells, conflicts);
  return {
    revision: 1,
    atMs: NOON_MS,
    startedAtMs: NOON_MS - 3_600_000,
    intervalMs: 2000,
    snapshot: { ...snapshot, syncedAtMs: NOON_MS - 1000, warnings: [] },
    routes: cells.map((one) => routeNow(one)),
    conflicts,
    verdict,
    optedOut: [],
    agents: [
      { id: 'agent-1', vantage: 'ns-0/app-0 (sidecar)', state: 'up', why: '', loopLagMs: 1.5, droppedOutcomes: 0 },
    ],
    troubles: [],
    lastSweep: summary('sweep-1', verdict),
    ...facts,
  };
}

export function summary(id: string, verdict = sweep([]).verdict): SweepSummary {
  return {
    id,
    trigger: 'interval',
    startedAtMs: NOON_MS - 2000,
    finishedAtMs: NOON_MS - 500,
    snapshotDigest: 'sha256:0123',
    verdict,
  };
}

export function transition(one: Cell, facts: Partial<Transition> = {}): Transition {
  const { key, table, vantage, source, probe, drift, attempts } = one;
  return {
    kind: 'transition',
    atMs: NOON_MS,
    route: key,
    sequence: 1,
    table,
    vantage,
    source,
    target: one.target,
    probe,
    to: drift,
    drift: { from: 'agrees', to: drift },
    access: { from: 'open', to: accessOf(one) },
    cause: one.cause,
    message: one.cause?.message ?? `${key} is as declared again.`,
    objects: one.cause?.objects ?? [],
    attempts,
    ...facts,
  };
}

/** Changes when it is told to, at once. */
export class FakeMonitored implements Monitored {
  /** What `mesh` answers. */
  declared: Mesh | undefined;
  /** Every sweep that is asked for comes to this, at once. @default whoever asks waits for `finishSweep` */
  sweepsAtOnce: SweepSummary | undefined;
  /** Keys of the routes that no sweep gets to. */
  missed: ReadonlySet<string> = new Set();
  /** Signals of the sweeps that were asked for, in order. */
  readonly sweepSignals: AbortSignal[] = [];
  #current: Current;
  /** The same, if it is not stalled. */
  #moving: Current;
  readonly #eventListeners = new Set<(event: StoredEvent) => void>();
  readonly #changeListeners = new Set<() => void>();
  #sweep = Promise.withResolvers<RequestedSweep>();

  constructor(current: Current) {
    this.#current = current;
    this.#moving = current;
  }

  /** It does not look at anything any more, until it changes. */
  stall(): void {
    this.#current = stalled(this.#moving);
  }

  readonly current = (): Current => this.#current;
  readonly mesh = (): Mesh | undefined => this.declared;
  readonly ingested = (): Readonly<Record<IngestResult, number>> => {
    return { counted: 0, repeated: 0, late: 0, unasked: 0, refused: 0 };
  };
  readonly refusedStreams = (): number => 0;
  readonly rejectedObjects = (): Readonly<Record<string, number>> => ({});

  readonly onEvent = (listener: (event: StoredEvent) => void): (() => void) => {
    this.#eventListeners.add(listener);
    return () => {
      this.#eventListeners.delete(listener);
    };
  };

  readonly onChange = (listener: () => void): (() => void) => {
    this.#changeListeners.add(listener);
    return () => {
      this.#changeListeners.delete(listener);
    };
  };

  readonly sweepNow = async (signal: AbortSignal): Promise<RequestedSweep> => {
    this.sweepSignals.push(signal);
    if (this.sweepsAtOnce !== undefined) return { summary: this.sweepsAtOnce, missed: this.missed };
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    return Promise.race([this.#sweep.promise, promise]);
  };

  /** Who listens at the moment: nobody may be left when all streams have ended. */
  get listeners(): number {
    return this.#eventListeners.size + this.#changeListeners.size;
  }

  /** The next matrix: the revision grows by one. */
  change(facts: Partial<Current>): void {
    this.#moving = { ...this.#moving, ...facts, revision: this.#moving.revision + 1 };
    this.#current = this.#moving;
    for (const listener of [...this.#changeListeners]) listener();
  }

  /** The same matrix with these cells in the place of those with the same key, measured at `atMs`. */
  changeCells(cells: readonly Cell[], atMs = NOON_MS): void {
    const changed = new Map(cells.map((one) => [one.key, one]));
    const routes = this.#moving.routes.map((route) => {
      const one = changed.get(route.cell.key);
      return one === undefined ? route : routeNow(one, { sinceMs: atMs, measuredAtMs: atMs });
    });
    const { verdict } = sweep(
      routes.map((route) => route.cell),
      this.#moving.conflicts,
    );
    this.change({ routes, verdict, atMs });
  }

  tell(event: StoredEvent): void {
    for (const listener of [...this.#eventListeners]) listener(event);
  }

  finishSweep(result: SweepSummary): void {
    this.#sweep.resolve({ summary: result, missed: this.missed });
    this.#sweep = Promise.withResolvers();
  }

  failSweep(error: Error): void {
    this.#sweep.reject(error);
    this.#sweep = Promise.withResolvers();
  }
}

/** Remembers in memory; numbers events from 1. */
export class FakeStore implements Pick<Store, 'events' | 'sweeps' | 'sweep' | 'tallies'> {
  readonly kept: StoredEvent[] = [];
  readonly documents = new Map<string, { readonly summary: SweepSummary; readonly json: string | null }>();
  /** Rejects every query with this from now on. */
  fault: Error | undefined;

  keep(...events: readonly MonitorEvent[]): readonly StoredEvent[] {
    const stored = events.map((event, at) => ({ id: (this.kept.at(-1)?.id ?? 0) + 1 + at, event }));
    this.kept.push(...stored);
    return stored;
  }

  keepSweep(one: SweepSummary, json: string | null = null): void {
    this.documents.set(one.id, { summary: one, json });
  }

  readonly events: Store['events'] = async ({ afterId = 0, beforeId, kind, route, limit }) => {
    this.#check();
    const found = this.kept.filter(
      ({ id, event }) =>
        id > afterId &&
        id < (beforeId ?? Infinity) &&
        event.kind === (kind ?? event.kind) &&
        (route === undefined || (event.kind === 'transition' && event.route === route)),
    );
    return Promise.resolve(beforeId === undefined ? found.slice(0, limit) : found.slice(-limit));
  };

  readonly sweeps: Store['sweeps'] = async ({ beforeMs = Infinity, limit }) => {
    this.#check();
    const found = [...this.documents.values()].map((one) => one.summary);
    const latestFirst = found.sort((left, right) => right.startedAtMs - left.startedAtMs);
    return Promise.resolve(latestFirst.filter((one) => one.startedAtMs < Math.floor(beforeMs)).slice(0, limit));
  };

  readonly sweep: Store['sweep'] = async (id) => {
    this.#check();
    return Promise.resolve(this.documents.get(id));
  };

  readonly tallies: Store['tallies'] = async () => {
    this.#check();
    return Promise.resolve([]);
  };

  #check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
