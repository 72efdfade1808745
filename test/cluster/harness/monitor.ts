/** The controller that stays, as whoever watches it sees it: its API through the API server, its pods, its probes. */
import type { MatrixCell } from '../../../controller/web/matrix-document.ts';
import type { Current } from '../../../controller/monitor/current.ts';
import type { MonitorEvent, StoredEvent, Transition } from '../../../controller/monitor/events.ts';
import { eventually, get, kubectl } from './kubectl.ts';
import type { Found } from './kubectl.ts';

export interface Matrix extends Omit<Current, 'routes'> {
  readonly cells: readonly MatrixCell[];
}

export interface StoredTransition extends StoredEvent {
  readonly event: Transition;
}

/** The release in a namespace. */
export class WatchedMonitor {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Rejects where the answer is no 200. */
  async ask(path: string): Promise<unknown> {
    const service = `/api/v1/namespaces/${this.namespace}/services/http:meshproof:9440/proxy`;
    return JSON.parse(await kubectl(['get', '--raw', `${service}${path}`])) as unknown;
  }

  async isReady(): Promise<boolean> {
    return this.ask('/readyz').then(
      () => true,
      () => false,
    );
  }

  async matrix(): Promise<Matrix> {
    return (await this.ask('/api/v1/matrix')) as Matrix;
  }

  /** After the event of this number, oldest first. */
  async events(after: number): Promise<readonly StoredEvent[]> {
    const { items } = (await this.ask(`/api/v1/events?after=${String(after)}&limit=1000`)) as {
      items: readonly StoredEvent[];
    };
    return items;
  }

  async lastEventId(): Promise<number> {
    const { items } = (await this.ask('/api/v1/events?limit=1')) as { items: readonly StoredEvent[] };
    return items.at(-1)?.id ?? 0;
  }

  async transitions(after: number): Promise<readonly StoredTransition[]> {
    return (await this.events(after)).filter((one): one is StoredTransition => one.event.kind === 'transition');
  }

  /** The first event after this one that is of the kind and as wanted. */
  async event<K extends MonitorEvent['kind']>(
    what: string,
    kind: K,
    after: number,
    isWanted: (event: Extract<MonitorEvent, { kind: K }>) => boolean,
    withinMs = 30_000,
  ): Promise<Extract<MonitorEvent, { kind: K }>> {
    type Wanted = Extract<MonitorEvent, { kind: K }>;
    let found: Wanted | undefined;
    await eventually(
      what,
      async () => {
        const events = (await this.events(after)).map(({ event }) => event);
        found = events.filter((event): event is Wanted => event.kind === kind).find(isWanted);
        return found !== undefined;
      },
      withinMs,
    );
    return found as Wanted;
  }

  /** A whole pass that began after now is complete, and what it says is as wanted. */
  async settles(what: string, isWanted: (matrix: Matrix) => boolean, withinMs = 60_000): Promise<Matrix> {
    let matrix: Matrix | undefined;
    await eventually(
      what,
      async () => {
        matrix = await this.matrix().catch(() => undefined);
        return matrix !== undefined && isWanted(matrix);
      },
      withinMs,
    );
    return matrix as Matrix;
  }

  /** As `settles`: nothing but agreement. Rejects with what is odd. */
  async recovers(what: string, isWanted: (matrix: Matrix) => boolean = () => true): Promise<Matrix> {
    let last: Matrix | undefined;
    try {
      return await this.settles(what, (matrix) => {
        last = matrix;
        return isHealthy(matrix) && isWanted(matrix);
      });
    } catch (error) {
      throw new Error(last === undefined ? what : `${what}: ${oddities(last)}`, { cause: error });
    }
  }

  async pods(): Promise<readonly Found[]> {
    return get('pods', '-n', this.namespace, '-l', 'app.kubernetes.io/component=serve');
  }

  /** Jobs of its probes, in all namespaces. */
  async probes(): Promise<readonly Found[]> {
    return get('jobs', '-A', '-l', `meshproof.io/sweep=${this.namespace},meshproof.io/role=probe`);
  }
}

/** Nothing but agreement, and everything is known. */
function isHealthy({ cells, troubles, verdict }: Matrix): boolean {
  return cells.length > 0 && troubles.length === 0 && verdict.value === 'pass' && cells.every(isAgreement);
}

function isAgreement({ drift, now }: MatrixCell): boolean {
  return drift === 'agrees' && now.freshness === 'fresh';
}

/** What to read when it is not as expected. */
function oddities({ cells, troubles, verdict, agents }: Matrix): string {
  const odd = cells
    .filter((cell) => !isAgreement(cell))
    .map(({ key, drift, cause, outcome, now }) => {
      const { freshness, suppression } = now;
      const why = outcome.kind === 'untested' ? `${outcome.why} ${outcome.detail}` : outcome.kind;
      return `${drift} ${freshness} ${suppression ?? ''} ${cause?.code ?? ''} ${key}: ${why}`;
    });
  const away = agents.filter(({ state }) => state !== 'up').map(({ id, state, why }) => `${id} ${state}: ${why}`);
  return [`${verdict.value}: ${verdict.why}`, ...troubles.map(({ message }) => message), ...away, ...odd].join('\n');
}

/** Messages of what is told as a finding. */
export function findingsIn(transitions: readonly StoredTransition[]): readonly string[] {
  const found = transitions.filter(({ event: { to } }) => !['agrees', 'unknown', 'opened', 'closed'].includes(to));
  return found.map(({ event: { message } }) => message);
}

/** How far the history of each route is. */
export function lengthsOf(transitions: readonly StoredTransition[]): ReadonlyMap<string, number> {
  return new Map(transitions.map(({ event: { route, sequence } }) => [route, sequence]));
}

/** Where the history of a route does not go on one by one; `before`: how far each was. */
export function gapsIn(
  transitions: readonly StoredTransition[],
  before: ReadonlyMap<string, number>,
): readonly string[] {
  const last = new Map(before);
  return transitions.flatMap(({ event: { route, sequence } }) => {
    const expected = last.get(route);
    last.set(route, sequence);
    return expected === undefined || sequence === expected + 1 ? [] : [`${route}: ${String(sequence)}`];
  });
}

export function uidsOf(objects: readonly Found[]): readonly string[] {
  return objects.map(({ metadata: { uid } }) => uid).sort();
}
