/** The dashboard against the metrics that exist; that its queries parse is for promtool to say (test/real/promtool.test.ts). */
import t from 'tap';
import { metricsIn } from '../../support/promql.ts';
import { dashboardQueries, readDashboard } from '../../support/dashboard.ts';

const dashboard = readDashboard();

t.test('there are the fourteen panels', (t) => {
  t.strictSame(
    dashboard.panels.map(({ title }) => title),
    [
      'Declared and measured',
      'Drift by finding',
      'Namespace by namespace',
      'Current drift',
      'Success of declared-open routes',
      'Outcome mix',
      'Phases',
      'Latency by phase',
      'Coverage and freshness',
      'Sweeps',
      'Policy propagation',
      'Agents',
      'Reports',
      'Self-noise',
    ],
  );
  t.end();
});

for (const { title, id, description, fieldConfig, datasource, targets, gridPos } of dashboard.panels) {
  t.test(`${title}: has a unit, a description, a place, and its data from the variable`, (t) => {
    t.ok(id > 0);
    t.ok((fieldConfig.defaults.unit ?? '') !== '', 'unit');
    t.match(description, /\.$/);
    t.ok(gridPos.w > 0 && gridPos.x + gridPos.w <= 24, 'within the grid');
    t.ok(targets.length > 0);
    for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
      t.strictSame(source, { type: 'prometheus', uid: '${datasource}' });
    }
    const refIds = targets.map(({ refId }) => refId);
    t.equal(new Set(refIds).size, refIds.length);
    t.end();
  });
}

t.test('ids are told apart, and no panel lies on another', (t) => {
  const ids = dashboard.panels.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  const squares = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${String(x + (at % w))}/${String(y + Math.floor(at / w))}`),
  );
  t.equal(new Set(squares).size, squares.length);
  t.end();
});

t.test('the data source is a variable', (t) => {
  t.match(dashboard.templating.list, [{ name: 'datasource', type: 'datasource' }]);
  t.end();
});

t.test('every metric, every label of it, and every label of a legend exists', (t) => {
  for (const { panel, expr, legend } of dashboardQueries()) {
    const { metrics, faults, results } = metricsIn(expr);
    t.ok(metrics.length > 0, `${panel}: ${expr}`);
    t.strictSame(faults, [], panel);
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
      t.ok(results.includes(label), `${panel}: ${label} is what the query is grouped by`);
    }
  }
  t.end();
});

t.test('a query on what does not exist is seen', (t) => {
  t.strictSame(
    metricsIn('sum by (target) (rate(meshproof_routes{expect="allow"}[5m]) + meshproof_route_drifts)').faults,
    [
      'meshproof_route_drifts does not exist',
      'expect is no label of meshproof_routes',
      'target is no label of meshproof_routes',
    ],
  );
  t.strictSame(metricsIn('meshproof_sweep_duration_seconds_bucket{le="1"}').faults, []);
  t.strictSame(metricsIn('meshproof_flapping_routes_count').faults, ['meshproof_flapping_routes_count does not exist']);
  t.end();
});
