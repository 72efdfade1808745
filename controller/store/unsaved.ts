/** What has changed since the last commit, until a commit has it. */
import type { MonitorEvent } from '../monitor/events.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { AgentPosition, Changes, StoredRoute, Tally } from './store.ts';

const MINUTE_MS = 60_000;

export class Unsaved {
  readonly #positions = new Map<string, AgentPosition>();
  readonly #routes = new Map<string, StoredRoute>();
  readonly #gone = new Set<string>();
  readonly #tallies = new Map<string, { -readonly [Field in keyof Tally]: Tally[Field] }>();
  #events: MonitorEvent[] = [];
  #documents: Changes['documents'][number][] = [];
  #returned: Changes | undefined;

  get isEmpty(): boolean {
    const sizes = [this.#positions.size, this.#routes.size, this.#gone.size, this.#tallies.size];
    if (this.#returned !== undefined) return false;
    return sizes.every((size) => size === 0) && this.#events.length === 0 && this.#documents.length === 0;
  }

  position(position: AgentPosition): void {
    this.#positions.set(position.agentId, position);
  }

  /** A commit has failed, and what was in it comes before everything else. */
  get hasReturned(): boolean {
    return this.#returned !== undefined;
  }

  route(route: StoredRoute): void {
    this.#routes.set(route.key, route);
    this.#gone.delete(route.key);
  }

  goneRoute(key: string): void {
    this.#routes.delete(key);
    this.#gone.add(key);
  }

  /** One attempt. `atMs`: when it began, milliseconds since 1970. */
  attempt(atMs: number, place: Omit<Tally, 'minuteMs' | 'attempts' | 'outcome'>, outcome: Outcome['kind']): void {
    this.#add({ minuteMs: Math.floor(atMs / MINUTE_MS) * MINUTE_MS, ...place, outcome, attempts: 1 });
  }

  event(...events: readonly MonitorEvent[]): void {
    this.#events.push(...events);
  }

  document(sweepId: string, json: string): void {
    this.#documents.push({ sweepId, json });
  }

  /**
   * For one commit: what the last one did not take, the very same; otherwise everything up to now. What could not be
   * committed is given back by `restore`.
   */
  take(): Changes {
    const returned = this.#returned;
    this.#returned = undefined;
    if (returned !== undefined) return returned;
    const changes: Changes = {
      positions: [...this.#positions.values()],
      routes: [...this.#routes.values()],
      goneRoutes: [...this.#gone],
      tallies: [...this.#tallies.values()],
      events: this.#events,
      documents: this.#documents,
    };
    this.#positions.clear();
    this.#routes.clear();
    this.#gone.clear();
    this.#tallies.clear();
    this.#events = [];
    this.#documents = [];
    return changes;
  }

  /** It comes before what is new since, and apart from it: a store may find that it had taken it all the same. */
  restore(changes: Changes): void {
    this.#returned = changes;
  }

  #add(tally: Tally): void {
    const { minuteMs, sourceNamespace, targetNamespace, probe, outcome } = tally;
    const key = [minuteMs, sourceNamespace, targetNamespace, probe, outcome].join(' ');
    const known = this.#tallies.get(key);
    if (known === undefined) this.#tallies.set(key, { ...tally });
    else known.attempts += tally.attempts;
  }
}
