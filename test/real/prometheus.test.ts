/**
 * A real Prometheus scrapes a controller's metrics and evaluates the shipped rules. Their waits (`for`,
 * `keep_firing_for`, the interval of the groups) are made a quarter of a second in a copy of the file, and nothing else
 * in it is changed: how long they wait as shipped is what promtool's tests say.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { controllerMetrics } from '../../controller/publish/metrics/controller-metrics.ts';
import type { Cell } from '../../controller/judge/finding.ts';
import type { Current } from '../../controller/monitor/current.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { currentOf, driftingCell, FakeMonitored, routeNow, summary } from '../support/monitored.ts';
import { realPrometheus, startPrometheus } from '../support/prometheus.ts';
import type { FiringAlert, RunningPrometheus } from '../support/prometheus.ts';

const found = realPrometheus();
const options = 'missing' in found ? { skip: found.missing } : {};
const WHERE = { source: 'legacy/batch', to: 'shop/pay:8080' };
const RULES = join(import.meta.dirname, '../../deploy/alerts/meshproof.rules.yaml');

/** A monitor that measures all the time, until its sweeps stand still. */
class BusyMonitored extends FakeMonitored {
  cells: readonly Cell[] = [driftingCell(WHERE, 'agrees', true)];
  standsStillSinceMs: number | undefined;

  constructor() {
    super(currentOf([]));
  }

  override readonly current = (): Current => {
    const nowMs = systemClock.nowMs();
    const lastSweep = { ...summary('sweep'), finishedAtMs: this.standsStillSinceMs ?? nowMs };
    const routes = this.cells.map((cell) => routeNow(cell, { measuredAtMs: nowMs }));
    const { snapshot, ...current } = currentOf([]);
    return { ...current, snapshot: { ...snapshot, syncedAtMs: nowMs }, intervalMs: 500, routes, lastSweep };
  };
}

interface Endpoint extends AsyncDisposable {
  readonly port: number;
}

async function serve(text: () => Promise<string>, contentType: string, port = 0): Promise<Endpoint> {
  const server = createServer((_, response) => {
    void text().then((body) => response.writeHead(200, { 'content-type': contentType }).end(body));
  });
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen({ host: '127.0.0.1', port }, () => {
    listening.resolve(undefined);
  });
  await listening.promise;
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function hurried(rules: string): string {
  return rules.replace(/^(\s+(?:interval|for|keep_firing_for)): \d+[sm]$/gm, '$1: 250ms');
}

const names = (alerts: readonly FiringAlert[]): string => alerts.map(({ labels }) => labels['alertname']).join(' ');
const until = (prometheus: RunningPrometheus, firing: string): Promise<readonly FiringAlert[]> =>
  prometheus.firingUntil((alerts) => names(alerts) === firing);

t.test('Exposed, MatrixStale and NoController fire and resolve', { ...options, timeout: 60_000 }, async (t) => {
  if ('missing' in found) return;
  const monitored = new BusyMonitored();
  using metrics = controllerMetrics(monitored);
  await using first = await serve(metrics.text, metrics.contentType);
  const { port } = first;
  await using prometheus = await startPrometheus(found.prometheus, {
    folder: t.testdir(),
    target: `127.0.0.1:${String(port)}`,
    rules: hurried(readFileSync(RULES, 'utf8')),
  });
  await prometheus.scrapedUntil('meshproof_routes');
  t.strictSame(await until(prometheus, ''), [], 'all is well once there is something to look at');

  monitored.cells = [driftingCell(WHERE, 'exposed')];
  monitored.standsStillSinceMs = systemClock.nowMs();
  const [exposed, stale] = await until(prometheus, 'Exposed MatrixStale');
  t.match(exposed, {
    labels: { severity: 'critical', target_namespace: 'shop', target_workload: 'pay', port: '8080', probe: 'http' },
    annotations: { summary: 'shop/pay:8080 answers callers that policy refuses' },
  });
  t.match(stale, { labels: { severity: 'critical' } });
  monitored.cells = [driftingCell(WHERE, 'agrees', true)];
  monitored.standsStillSinceMs = undefined;
  t.strictSame(await until(prometheus, ''), [], 'both resolve');

  await first[Symbol.asyncDispose]();
  t.match(await until(prometheus, 'NoController'), [{ labels: { severity: 'critical' } }]);
  await using again = await serve(metrics.text, metrics.contentType, port);
  t.equal(again.port, port);
  t.strictSame(await until(prometheus, ''), [], 'and that resolves too');
});
