/** A store as plain lists: what every real one has to agree with. Slow, and without a database. */
import type { StoredEvent, SweepSummary } from '../../../controller/monitor/events.ts';
import type {
  AgentPosition,
  Authority,
  Changes,
  EventQuery,
  Remembered,
  Retention,
  StoredRoute,
  Tally,
  TallyQuery,
} from '../../../controller/store/store.ts';

const HOUR_MS = 3_600_000;

interface KeptSweep {
  readonly summary: SweepSummary;
  json: string | null;
}

export class StoreOracle {
  authority: Authority | null = null;
  #routes: StoredRoute[] = [];
  #nextRoute = 1;
  #positions: { readonly position: AgentPosition; idleSinceMs: number | null }[] = [];
  #events: StoredEvent[] = [];
  #lastEventId = 0;
  #sweeps: KeptSweep[] = [];
  /** Every single tally that came. */
  #minutes: Tally[] = [];
  #hours: Tally[] = [];

  commit(changes: Changes): readonly StoredEvent[] {
    this.#routes = this.#routes.filter(({ key }) => !changes.goneRoutes.includes(key));
    for (const route of changes.routes) {
      this.#routes = [...this.#routes.filter(({ key }) => key !== route.key), route];
      if (route.number >= this.#nextRoute) this.#nextRoute = route.number + 1;
    }
    for (const position of changes.positions) {
      this.#positions = this.#positions.filter((one) => one.position.agentId !== position.agentId);
      this.#positions.push({ position, idleSinceMs: null });
    }
    this.#minutes.push(...changes.tallies);
    this.#hours.push(...changes.tallies);
    const stored = changes.events.map((event) => ({ id: (this.#lastEventId += 1), event }));
    this.#events.push(...stored);
    for (const event of changes.events) {
      if (event.kind === 'sweep') this.#sweeps.push({ summary: event.sweep, json: null });
    }
    for (const { sweepId, json } of changes.documents) {
      const sweep = this.#sweeps.find(({ summary }) => summary.id === sweepId);
      if (sweep !== undefined) sweep.json ??= json;
    }
    return stored;
  }

  remembered(): Remembered {
    return {
      routes: this.#routes.toSorted((one, other) => one.number - other.number),
      positions: this.#positions.map(({ position }) => position).toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1)),
      nextRouteNumber: this.#nextRoute,
      lastEventId: this.#lastEventId,
      conflicts: [],
      authority: this.authority,
    };
  }

  events({ afterId = 0, beforeId = Infinity, kind, route, limit }: EventQuery): readonly StoredEvent[] {
    const found = this.#events
      .filter(({ id }) => id > afterId && id < beforeId)
      .filter(({ event }) => kind === undefined || event.kind === kind)
      .filter(({ event }) => route === undefined || (event.kind === 'transition' && event.route === route));
    if (limit === 0) return [];
    return beforeId === Infinity ? found.slice(0, limit) : found.slice(-limit);
  }

  sweeps(beforeMs: number, limit: number): readonly SweepSummary[] {
    const before = this.#latestSweeps().filter(({ summary }) => Math.floor(summary.startedAtMs) < Math.floor(beforeMs));
    return before.slice(0, limit).map(({ summary }) => summary);
  }

  sweep(id: string): KeptSweep | undefined {
    return this.#sweeps.find(({ summary }) => summary.id === id);
  }

  /** `minute begin source target probe outcome attempts`, sorted. */
  tallies({ fromMs, toMs, width, sourceNamespace, targetNamespace }: TallyQuery): readonly string[] {
    const sums = new Map<string, number>();
    for (const tally of width === 'minute' ? this.#minutes : this.#hours) {
      const begin = width === 'minute' ? tally.minuteMs : hourOf(tally);
      if (begin < fromMs || begin >= toMs) continue;
      if (sourceNamespace !== undefined && tally.sourceNamespace !== sourceNamespace) continue;
      if (targetNamespace !== undefined && tally.targetNamespace !== targetNamespace) continue;
      const key = keyOf({ ...tally, minuteMs: begin });
      sums.set(key, (sums.get(key) ?? 0) + tally.attempts);
    }
    return [...sums].map(([key, attempts]) => `${key} ${String(attempts)}`).toSorted();
  }

  /** Returns how many rows go. */
  trim(nowMs: number, { eventsMs, sweepsMs, minutesMs, documents }: Omit<Retention, 'sizeBytes'>): number {
    const rows = (): number =>
      this.#events.length +
      this.#sweeps.length +
      this.#sweeps.filter(({ json }) => json !== null).length +
      this.#positions.length +
      this.tallies({ fromMs: -Infinity, toMs: Infinity, width: 'minute' }).length +
      this.tallies({ fromMs: -Infinity, toMs: Infinity, width: 'hour' }).length;
    const before = rows();
    // Times are kept in whole milliseconds.
    this.#events = this.#events.filter(({ event }) => Math.floor(event.atMs) >= nowMs - eventsMs);
    this.#sweeps = this.#sweeps.filter(({ summary }) => Math.floor(summary.startedAtMs) >= nowMs - sweepsMs);
    const whole = this.#latestSweeps().filter(({ json }) => json !== null);
    for (const sweep of whole.slice(documents)) sweep.json = null;
    this.#minutes = this.#minutes.filter(({ minuteMs }) => minuteMs >= nowMs - minutesMs);
    this.#hours = this.#hours.filter((tally) => hourOf(tally) >= nowMs - eventsMs);
    for (const one of this.#positions) one.idleSinceMs ??= Math.floor(nowMs);
    this.#positions = this.#positions.filter(({ idleSinceMs }) => (idleSinceMs ?? nowMs) >= nowMs - minutesMs);
    return before - rows();
  }

  #latestSweeps(): readonly KeptSweep[] {
    const startOf = ({ summary }: KeptSweep): number => Math.floor(summary.startedAtMs);
    return this.#sweeps.toSorted(
      (one, other) => startOf(other) - startOf(one) || (one.summary.id < other.summary.id ? 1 : -1),
    );
  }
}

export function keyOf({ minuteMs, sourceNamespace, targetNamespace, probe, outcome }: Tally): string {
  return `${String(minuteMs)} ${sourceNamespace} ${targetNamespace} ${probe} ${outcome}`;
}

function hourOf({ minuteMs }: Tally): number {
  return minuteMs - (minuteMs % HOUR_MS);
}
