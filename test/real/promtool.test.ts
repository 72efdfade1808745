/** What promtool says of the rules, of their tests, of the dashboard's queries, and of both metrics endpoints. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { agentMetrics } from '../../agent/metrics/agent-metrics.ts';
import { Spool } from '../../agent/spool.ts';
import { controllerMetrics, DEFAULT_METRICS_OPTIONS } from '../../controller/publish/metrics/controller-metrics.ts';
import { dashboardQueries } from '../support/dashboard.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { currentOf, drawnCells, FakeMonitored, NOON_MS, routeNow, summary, transition } from '../support/monitored.ts';
import { realPrometheus, runPromtool } from '../support/prometheus.ts';
import { cause } from '../support/sweeps.ts';

const ALERTS = join(import.meta.dirname, '../../deploy/alerts');
const found = realPrometheus();
const options = 'missing' in found ? { skip: found.missing } : {};
const promtool = 'missing' in found ? '' : found.promtool;

t.test('the rules are rules', options, (t) => {
  const { status, text } = runPromtool(promtool, ['check', 'rules', join(ALERTS, 'meshproof.rules.yaml')]);
  t.equal(status, 0, text);
  t.match(text, /SUCCESS: 15 rules found/);
  t.end();
});

t.test('each alert fires when it is to, and not when it is not', options, (t) => {
  const { status, text } = runPromtool(promtool, ['test', 'rules', join(ALERTS, 'meshproof.rules.test.yaml')]);
  t.equal(status, 0, text);
  t.end();
});

t.test('a rule that is broken fails its tests', options, (t) => {
  const rules = readFileSync(join(ALERTS, 'meshproof.rules.yaml'), 'utf8');
  const suite = parse(readFileSync(join(ALERTS, 'meshproof.rules.test.yaml'), 'utf8')) as {
    readonly tests: readonly unknown[];
  };
  const folder = t.testdir({
    'meshproof.rules.test.yaml': JSON.stringify({ ...suite, tests: suite.tests.slice(0, 1) }),
    'meshproof.rules.yaml': rules.replace('keep_firing_for: 10m', 'keep_firing_for: 1m'),
  });
  const { status, text } = runPromtool(promtool, ['test', 'rules', join(folder, 'meshproof.rules.test.yaml')]);
  t.not(status, 0);
  t.match(text, /ALERTS\{alertname=\\"Exposed\\"/);
  t.end();
});

t.test('every query of the dashboard parses', options, (t) => {
  const rules = dashboardQueries().map(({ expr }, index) => ({ record: `panel:query${String(index)}`, expr }));
  const file = join(t.testdir(), 'queries.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { status, text } = runPromtool(promtool, ['check', 'rules', file]);
  t.equal(status, 0, text);
  t.match(text, new RegExp(`SUCCESS: ${String(rules.length)} rules found`));
  t.end();
});

t.test("promtool's lint has nothing to say of a controller's metrics", options, async (t) => {
  const cells = drawnCells({
    rows: 4,
    columns: 4,
    drift: (row, column) => (row === column ? 'exposed' : row === 0 ? 'blocked' : 'agrees'),
  });
  const conflict = { severity: 'critical', cause: cause('MP1005', 'x'), cells: [], isConfirmed: true } as const;
  const monitored = new FakeMonitored(currentOf(cells, {}, [conflict]));
  const showsAll = { ...DEFAULT_METRICS_OPTIONS, showsEveryRoute: true };
  using metrics = controllerMetrics(monitored, {}, showsAll);
  const [first] = cells;
  if (first === undefined) throw new Error('nothing was drawn');
  monitored.tell({ id: 1, event: transition(first) });
  monitored.tell({ id: 2, event: { kind: 'sweep', atMs: NOON_MS, sweep: summary('sweep-1') } });
  monitored.change({ routes: cells.map((one) => routeNow(one, { suppression: 'rollout', isFlapping: true })) });
  const { status, text } = runPromtool(promtool, ['check', 'metrics'], await metrics.text());
  t.strictSame({ status, text }, { status: 0, text: '' });
});

t.test("promtool's lint has nothing to say of an agent's metrics", options, async (t) => {
  const { meter, text: metrics } = agentMetrics({
    spool: new Spool(new ManualClock()),
    inFlight: () => 3,
    loopLagMs: () => 1.5,
  });
  meter.due(2);
  meter.skipped('overrun', 1);
  meter.begun(4);
  meter.disconnected('UNAVAILABLE');
  const timings = { dnsMs: 1, tcpMs: 1, tlsMs: 2, firstByteMs: 3, totalMs: 7 };
  meter.attempted('mtls', { kind: 'reached', address: 0, timings, transport: 'mtls' });
  const { status, text } = runPromtool(promtool, ['check', 'metrics'], await metrics());
  t.strictSame({ status, text }, { status: 0, text: '' });
});

t.test('promtool would object to a counter without its ending', options, (t) => {
  const bad = '# HELP meshproof_sweeps Sweeps.\n# TYPE meshproof_sweeps counter\nmeshproof_sweeps 1\n';
  t.not(runPromtool(promtool, ['check', 'metrics'], bad).status, 0);
  t.end();
});
