/** A monitor that runs, with whatever a test puts around it, and what it has told so far. */
import { Monitor } from '../../controller/standing/monitor.ts';
import type { MonitorDeps, MonitorOptions } from '../../controller/standing/monitor-options.ts';
import type { Current, RouteNow } from '../../controller/monitor/current.ts';
import type { MonitorEvent, StoredEvent, Transition } from '../../controller/monitor/events.ts';
import { openStore } from '../../controller/store/open-store.ts';
import { DEFAULT_SWEEP_OPTIONS } from '../../controller/sweep.ts';
import { systemClock } from '../../proto/system-clock.ts';

export interface MonitorScene extends AsyncDisposable {
  readonly monitor: Monitor;
  /** In the order in which they were told. */
  readonly events: readonly StoredEvent[];
  readonly current: () => Current;
  /** The route whose key begins with this. */
  readonly route: (key: string) => RouteNow;
  readonly transitions: (key?: string) => readonly Transition[];
  /** What is found as soon as it is there. Rejects after the time with what there is instead. */
  readonly until: <T>(what: string, find: () => T | null | undefined | false, withinMs?: number) => Promise<T>;
  /** `events` is empty from now on, until more is told. */
  readonly forget: () => void;
  /** Of the loop; settles when it ends. */
  readonly running: Promise<unknown>;
}

/** As often as a plan may want it. */
export const INTERVAL_MS = 1000;

export const MONITOR_OPTIONS: MonitorOptions = {
  ...DEFAULT_SWEEP_OPTIONS,
  intervalMs: INTERVAL_MS,
  // Where agents really dial, a test says `DEFAULT_TIMEOUTS`: what is stale is then known some seconds later.
  connectTimeoutMs: INTERVAL_MS,
  timeoutMs: INTERVAL_MS,
  settleMs: 0,
  attemptsPerSecond: Infinity,
};

/** What has not changed by an event is looked at so often. */
const LOOK_MS = 50;

export async function startMonitor(
  deps: Pick<MonitorDeps, 'source' | 'launcher'> & Partial<MonitorDeps>,
  options: Partial<MonitorOptions> = {},
): Promise<MonitorScene> {
  await using started = new AsyncDisposableStack();
  const store = deps.store ?? started.use(await openStore(':memory:'));
  const all = { clock: systemClock, debug: () => undefined, ...deps, store };
  const monitor = started.use(await Monitor.start(all, { ...MONITOR_OPTIONS, ...options }));
  const end = new AbortController();
  const events: StoredEvent[] = [];
  monitor.onEvent((event) => events.push(event));
  const running = monitor.run(end.signal).catch((error: unknown) => error);
  started.defer(async () => {
    end.abort();
    await running;
  });
  const owned = started.move();
  const current = monitor.current;
  return {
    monitor,
    events,
    current,
    running,
    route: (key) => {
      const found = current().routes.find(({ cell }) => cell.key.startsWith(key));
      if (found === undefined) throw new NoRoute(`no route ${key}`);
      return found;
    },
    forget: () => {
      events.length = 0;
    },
    transitions: (key = '') =>
      transitionsIn(
        events.map(({ event }) => event),
        key,
      ),
    until: async (what, find, withinMs = 8000) => {
      const deadlineMs = performance.now() + withinMs;
      for (;;) {
        const found = attempted(find);
        if (found !== undefined && found !== null && found !== false) return found;
        if (performance.now() > deadlineMs)
          throw new Error(`not within ${String(withinMs)} ms: ${what}\n${drawn(current())}`);
        await changed(monitor);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export function transitionsIn(events: readonly MonitorEvent[], key = ''): readonly Transition[] {
  return events.flatMap((event) => (event.kind === 'transition' && event.route.startsWith(key) ? [event] : []));
}

/** A route that is not there yet is not what is waited for. */
function attempted<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof NoRoute) return undefined;
    throw error;
  }
}

class NoRoute extends Error {}

async function changed(monitor: Monitor): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const wake = (): void => {
    resolve(undefined);
  };
  const stop = [monitor.onChange(wake), monitor.onEvent(wake)];
  const timer = setTimeout(wake, LOOK_MS);
  await promise;
  clearTimeout(timer);
  for (const end of stop) end();
}

/** For people who look for a fault. */
function drawn({ routes, troubles, agents, verdict }: Current): string {
  return [
    ...routes.map(({ cell, seen, access, freshness, suppression }) =>
      [cell.key, cell.drift, seen, access, freshness, suppression].join(' | '),
    ),
    JSON.stringify({ troubles, agents, verdict }),
  ].join('\n');
}
