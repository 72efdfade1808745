import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import { CONTROLLER_METRICS } from '../../../../../controller/publish/metrics/definitions.ts';
import {
  controllerMetrics,
  DEFAULT_METRICS_OPTIONS,
} from '../../../../../controller/publish/metrics/controller-metrics.ts';
import { stalled } from '../../../../../controller/monitor/outlook.ts';
import { loadSnapshot } from '../../../../../controller/snapshot/files.ts';
import { loadScenario } from '../../../../../deploy/sandbox/scenario.ts';
import type { AgentNow, Current } from '../../../../../controller/monitor/current.ts';
import type { MonitorEvent } from '../../../../../controller/monitor/events.ts';
import type { Cell } from '../../../../../controller/judge/finding.ts';
import { readExposition, shown } from '../../../../support/exposition.ts';
import {
  currentOf,
  drawnCells,
  driftingCell,
  FakeMonitored,
  NOON_MS,
  routeNow,
  summary,
  transition,
} from '../../../../support/monitored.ts';
import { cause, cell, reached, refusedByStrict, reset, sweep } from '../../../../support/sweeps.ts';

const HTTP = { kind: 'http', method: 'GET', path: '/admin' } as const;

async function textOf(current: Current): Promise<string> {
  using metrics = controllerMetrics(new FakeMonitored(current));
  return await metrics.text();
}

t.test('routes are counted by what is declared and what the wire says', async (t) => {
  const denied = { expectation: refusedByStrict } as const;
  const cells = [
    cell({ source: 'shop/a' }),
    cell({ source: 'shop/b' }),
    cell({ source: 'shop/c', ...denied, outcome: reset }),
    driftingCell({ source: 'legacy/d', to: 'shop/pay:8080' }, 'exposed'),
    driftingCell({ source: 'shop/e', to: 'shop/pay:8080' }, 'blocked'),
    driftingCell({ source: 'shop/f', to: 'shop/pay:8080' }, 'unknown'),
  ];
  const text = await textOf(currentOf(cells));
  t.strictSame([...shown(text, 'meshproof_routes')].sort(), [
    'allow closed fresh: 1',
    'allow open fresh: 2',
    'allow unknown fresh: 1',
    'deny closed fresh: 1',
    'deny open fresh: 1',
  ]);
  t.equal(readExposition(text).filter(({ name }) => name === 'meshproof_routes').length, 4 * 3 * 3, 'noughts too');
  t.strictSame([...shown(text, 'meshproof_namespace_routes')].sort(), [
    'legacy shop exposed: 1',
    'shop shop agrees: 3',
    'shop shop blocked: 1',
    'shop shop unknown: 1',
  ]);
});

t.test('a matrix without routes says so with noughts, and a monitor without a sweep that it had none', async (t) => {
  const text = await textOf(currentOf([], { agents: [], lastSweep: null }));
  t.strictSame(shown(text, 'meshproof_routes'), []);
  t.equal(readExposition(text).filter(({ name }) => name === 'meshproof_routes').length, 36);
  t.match(text, /^meshproof_sweep_last_complete_timestamp_seconds 0$/m);
  t.match(text, /^meshproof_sweep_interval_seconds 2$/m);
  t.match(text, /^meshproof_agents\{state="up"\} 0$/m);
  t.notMatch(text, /^meshproof_agent_event_loop_lag_seconds \d/m, 'nobody said');
});

t.test('times are seconds since 1970', async (t) => {
  const text = await textOf(currentOf([cell()]));
  t.strictSame(shown(text, 'meshproof_sweep_last_complete_timestamp_seconds'), ['1767355199.5']);
  t.strictSame(shown(text, 'meshproof_snapshot_last_sync_timestamp_seconds'), ['1767355199']);
});

t.test('a route is what the monitor says it is, whatever the clock of its agent says', async (t) => {
  const stale = { freshness: 'stale', access: 'unknown' } as const;
  const unmeasured = { freshness: 'unmeasured', access: 'unknown', measuredAtMs: null } as const;
  const routes = [
    [
      'of a node that is an hour behind',
      routeNow(cell(), { measuredAtMs: NOON_MS - 3_600_000 }),
      'allow open fresh: 1',
    ],
    ['of a node that is an hour ahead', routeNow(cell(), { measuredAtMs: NOON_MS + 3_600_000 }), 'allow open fresh: 1'],
    ['stale', routeNow(cell(), stale), 'allow unknown stale: 1'],
    ['never measured', routeNow(cell(), unmeasured), 'allow unknown unmeasured: 1'],
  ] as const;
  for (const [name, route, expected] of routes) {
    const text = await textOf(currentOf([], { routes: [route] }));
    t.strictSame(shown(text, 'meshproof_routes'), [expected], name);
  }
  const drifting = driftingCell({ source: 'legacy/a', to: 'shop/pay:80' }, 'exposed');
  const elsewhen = currentOf([], { routes: [routeNow(drifting, { measuredAtMs: NOON_MS - 31_000 })] });
  t.strictSame(shown(await textOf(elsewhen), 'meshproof_route_drift'), ['legacy a shop pay 80 http exposed: 1']);
  const nothing = await textOf(stalled(elsewhen));
  t.strictSame(shown(nothing, 'meshproof_route_drift'), []);
  t.strictSame(shown(nothing, 'meshproof_namespace_routes'), ['legacy shop unknown: 1']);
});

t.test('a route has a series of its own while it drifts, and probes that differ in their path share it', async (t) => {
  const where = { source: 'legacy/batch', to: 'shop/pay:8080' };
  const admin = { ...driftingCell(where, 'exposed'), key: 'another', probe: HTTP };
  const monitored = new FakeMonitored(currentOf([driftingCell(where, 'exposed'), admin, cell()]));
  using metrics = controllerMetrics(monitored);
  t.strictSame(shown(await metrics.text(), 'meshproof_route_drift'), ['legacy batch shop pay 8080 http exposed: 2']);
  monitored.change({ routes: [routeNow(cell())] });
  const text = await metrics.text();
  t.strictSame(shown(text, 'meshproof_route_drift'), []);
  t.notMatch(text, /legacy/, 'what is gone is gone with the next scrape');
});

t.test('targets are called by their workload', async (t) => {
  const { manifestPaths } = await loadScenario('shop');
  const mesh = buildMesh(await loadSnapshot(manifestPaths));
  const pod = mesh.pods.find(({ key, workload }) => key !== workload);
  if (pod === undefined) throw new Error('the scenario has no pod that is called otherwise than its workload');
  const to = (name: string): Cell => driftingCell({ source: 'legacy/batch', to: name }, 'exposed');
  const cells = [to(`pod:${pod.key}:80`), to('pod:shop/long-gone-7d9f:80'), to('nowhere/nothing:80')];
  const monitored = new FakeMonitored(currentOf(cells));
  monitored.declared = mesh;
  using metrics = controllerMetrics(monitored);
  const workload = pod.workload.split('/').join(' ');
  t.strictSame(shown(await metrics.text(), 'meshproof_route_drift'), [
    `legacy batch ${workload} 80 http exposed: 1`,
    'legacy batch shop _unknown 80 http exposed: 1',
    'legacy batch nowhere nothing 80 http exposed: 1',
  ]);
});

t.test('a certificate counts with the first of its ends, and only while it is looked at', async (t) => {
  const served = (source: string, to: string, notAfterMs: number): Cell => {
    const certificate = { spiffeId: null, notBeforeMs: 0, notAfterMs, issuerFingerprint: '', fault: null };
    const outcome = { ...reached, certificate };
    return cell({ source, to, outcome });
  };
  const current = currentOf([
    served('shop/a', 'shop/pay:80', 2_000_000),
    served('shop/b', 'shop/pay:8443', 1_000_000),
    served('shop/c', 'bank/ledger:80', 3_000_000),
    cell({ source: 'shop/d' }),
  ]);
  const name = 'meshproof_served_certificate_expiry_timestamp_seconds';
  t.strictSame(shown(await textOf(current), name), ['shop pay: 1000', 'bank ledger: 3000']);
  t.strictSame(shown(await textOf(stalled(current)), name), []);
});

t.test('agents, suppressions, flapping and conflicts are counted', async (t) => {
  const agent = (state: AgentNow['state'], loopLagMs: number | null): AgentNow => {
    return { id: `agent ${state}`, vantage: 'v', state, why: 'w', loopLagMs, droppedOutcomes: 0 };
  };
  const conflict = { severity: 'critical', cause: cause('MP1005', 'x'), cells: [], isConfirmed: true } as const;
  const warning = { ...conflict, severity: 'warning', cause: cause('MP1008', 'y') } as const;
  const text = await textOf(
    currentOf(
      [],
      {
        agents: [agent('up', 4), agent('up', 12.5), agent('lost', 900), agent('connecting', null)],
        routes: [
          routeNow(cell({ source: 'shop/a' }), { suppression: 'rollout' }),
          routeNow(cell({ source: 'shop/b' }), { suppression: 'rollout', isFlapping: true }),
          routeNow(cell({ source: 'shop/c' }), { suppression: 'fresh-policy' }),
        ],
      },
      [conflict, conflict, warning],
    ),
  );
  t.strictSame([...shown(text, 'meshproof_agents')].sort(), ['connecting: 1', 'lost: 1', 'up: 2']);
  t.strictSame(shown(text, 'meshproof_agent_event_loop_lag_seconds'), ['0.0125'], 'of those that are up');
  t.strictSame([...shown(text, 'meshproof_suppressed_routes')].sort(), ['fresh-policy: 1', 'rollout: 2']);
  t.strictSame(shown(text, 'meshproof_flapping_routes'), ['1']);
  t.strictSame(shown(text, 'meshproof_conflicts'), ['critical MP1005: 2', 'warning MP1008: 1']);
});

t.test('events are counted from nought, each once', async (t) => {
  const one = driftingCell({ source: 'legacy/batch', to: 'shop/pay:80' }, 'exposed');
  const monitored = new FakeMonitored(currentOf([one]));
  using metrics = controllerMetrics(monitored);
  const before = await metrics.text();
  t.match(before, /^meshproof_transitions_total\{probe="tcp",to="opened"\} 0$/m, 'there before its first event');
  t.match(before, /^meshproof_sweeps_total\{trigger="request",verdict="inconclusive"\} 0$/m);
  const propagation = { kind: 'propagation', atMs: NOON_MS, objects: [], firstMs: 200, lastMs: 700 } as const;
  const { verdict } = sweep([]);
  const events: readonly MonitorEvent[] = [
    transition(one),
    transition(one, { to: 'opened' }),
    transition(one, { to: 'opened' }),
    { kind: 'sweep', atMs: NOON_MS, sweep: summary('s1', { ...verdict, value: 'fail' }) },
    { kind: 'sweep', atMs: NOON_MS, sweep: { ...summary('s2', { ...verdict, value: 'pass' }), trigger: 'request' } },
    { ...propagation, routes: ['a'], missing: [] },
    { ...propagation, lastMs: 9_000, routes: ['a'], missing: ['b'] },
    { ...propagation, lastMs: 0, routes: [], missing: [] },
    {
      kind: 'conflict',
      atMs: NOON_MS,
      isOver: false,
      conflict: { severity: 'error', cause: cause('MP1002', ''), cells: [], isConfirmed: false },
    },
  ];
  events.forEach((event, at) => {
    monitored.tell({ id: at + 1, event });
  });
  const text = await metrics.text();
  t.strictSame(shown(text, 'meshproof_transitions_total'), ['http exposed: 1', 'http opened: 2']);
  t.strictSame(shown(text, 'meshproof_sweeps_total'), ['interval fail: 1', 'request pass: 1']);
  t.strictSame(shown(text, 'meshproof_sweep_duration_seconds_sum'), ['3']);
  t.strictSame(shown(text, 'meshproof_sweep_duration_seconds_count'), ['2']);
  t.strictSame(shown(text, 'meshproof_policy_propagation_seconds_count'), ['1'], 'of those that all routes followed');
  t.strictSame(shown(text, 'meshproof_policy_propagation_seconds_sum'), ['0.7']);
});

t.test('a sweep over which the clock was set back took no negative time', async (t) => {
  const monitored = new FakeMonitored(currentOf([]));
  using metrics = controllerMetrics(monitored);
  const swept = { ...summary('s1'), startedAtMs: NOON_MS, finishedAtMs: NOON_MS - 3_600_000 };
  monitored.tell({ id: 1, event: { kind: 'sweep', atMs: NOON_MS, sweep: swept } });
  const text = await metrics.text();
  t.match(text, /^meshproof_sweep_duration_seconds_sum 0$/m);
  t.match(text, /^meshproof_sweep_duration_seconds_count 1$/m);
});

t.test('what others count is taken over as it stands', async (t) => {
  class Counting extends FakeMonitored {
    counted = 5;
    override readonly ingested = () => ({ counted: this.counted, repeated: 1, late: 0, unasked: 0, refused: 2 });
    override readonly refusedStreams = () => 7;
    override readonly rejectedObjects = () => ({ PeerAuthentication: 3, ConfigMap: 1, EnvoyFilter: 1 });
  }
  const monitored = new Counting(currentOf([]));
  using metrics = controllerMetrics(monitored);
  await metrics.text();
  monitored.counted = 9;
  const text = await metrics.text();
  t.strictSame(shown(text, 'meshproof_ingest_outcomes_total'), ['counted: 9', 'repeated: 1', 'refused: 2']);
  t.strictSame(shown(text, 'meshproof_refused_streams_total'), ['7']);
  t.strictSame(shown(text, 'meshproof_policy_parse_errors_total'), ['PeerAuthentication: 3', 'other: 2']);
});

t.test('what agents dropped is never less, though agents start again and go between scrapes', async (t) => {
  const agent = (id: string, droppedOutcomes: number): AgentNow => {
    return { id, vantage: 'v', state: 'up', why: '', loopLagMs: null, droppedOutcomes };
  };
  const monitored = new FakeMonitored(currentOf([], { agents: [agent('a', 10), agent('b', 1)] }));
  using metrics = controllerMetrics(monitored);
  const dropped = async (): Promise<readonly string[]> =>
    shown(await metrics.text(), 'meshproof_ingest_outcomes_total').filter((line) => line.startsWith('dropped'));
  t.strictSame(await dropped(), ['dropped: 11']);
  monitored.change({ agents: [agent('a', 3), agent('b', 1)] });
  monitored.change({ agents: [agent('a', 4)] });
  monitored.change({ agents: [] });
  t.strictSame(await dropped(), ['dropped: 15']);
});

t.test('every route is shown to whoever asks for it, up to a limit that says what it keeps back', async (t) => {
  const cells = drawnCells({
    rows: 5,
    columns: 4,
    drift: (row, column) => (row === 4 ? 'blocked' : row === 3 && column < 2 ? 'exposed' : 'agrees'),
  });
  const monitored = new FakeMonitored(currentOf(cells));
  const limits = { drifting: 3, namespaces: 100, certificates: 10, routes: 8 };
  using metrics = controllerMetrics(monitored, {}, { showsEveryRoute: true, limits });
  const text = await metrics.text();
  const findings = (name: string): readonly (string | undefined)[] =>
    readExposition(text)
      .filter((sample) => sample.name === name)
      .map(({ labels }) => labels['finding']);
  t.strictSame(findings('meshproof_route_drift'), ['exposed', 'exposed', 'blocked']);
  const [e, b, a] = ['exposed', 'blocked', 'agrees'];
  t.strictSame(findings('meshproof_route'), [e, e, b, b, b, b, a, a]);
  t.strictSame(shown(text, 'meshproof_series_suppressed'), ['meshproof_route_drift: 3', 'meshproof_route: 12']);
  t.notMatch(await textOf(currentOf(cells)), /meshproof_route\b/, 'not by default');
  t.equal(DEFAULT_METRICS_OPTIONS.limits.routes, 5_000);
});

t.test('a standby shows no matrix: it has none', async (t) => {
  let isStandby = true;
  using metrics = controllerMetrics(new FakeMonitored(currentOf([cell()])), { isStandby: () => isStandby });
  const names = (text: string): readonly string[] => [...new Set(readExposition(text).map(({ name }) => name))];
  t.strictSame(names(await metrics.text()), ['meshproof_build_info']);
  isStandby = false;
  t.ok(names(await metrics.text()).includes('meshproof_routes'));
});

t.test('whoever is done listens no longer', (t) => {
  const monitored = new FakeMonitored(currentOf([]));
  const metrics = controllerMetrics(monitored);
  t.equal(monitored.listeners, 2);
  metrics[Symbol.dispose]();
  t.equal(monitored.listeners, 0);
  t.end();
});

t.test('every metric of the table is there, with its help, and no other is', async (t) => {
  const showsAll = { ...DEFAULT_METRICS_OPTIONS, showsEveryRoute: true };
  using metrics = controllerMetrics(new FakeMonitored(currentOf([])), {}, showsAll);
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]);
  const table = Object.entries(CONTROLLER_METRICS).map(([name, { type }]) => [name, type]);
  t.strictSame(types.sort(), table.sort());
  t.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});
