import t from 'tap';
import type { Cell } from '../../../../controller/judge/finding.ts';
import type { MonitorEvent } from '../../../../controller/monitor/events.ts';
import { openReportsSink } from '../../../../controller/tell/open-reports-sink.ts';
import type { OpenReportsOptions } from '../../../../controller/tell/open-reports-sink.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { NOON_MS, currentOf, driftingCell, summary, transition } from '../../../support/monitored.ts';
import { cell } from '../../../support/sweeps.ts';

const { signal } = new AbortController();
const shop = cell({ to: 'shop/pay:8080' });
const bank = cell({ to: 'bank/ledger:9000' });
const exposed = driftingCell({ source: 'shop/web', to: 'shop/pay:8080' }, 'exposed');
const REPORT = '/apis/openreports.io/v1alpha1/namespaces/shop/reports/meshproof';
const APPLY = '?fieldManager=meshproof&force=true';
const ended: MonitorEvent = { kind: 'sweep', atMs: NOON_MS, sweep: summary('s') };

function scene(cluster = new FakeCluster(), options: OpenReportsOptions = {}) {
  const clock = new ManualClock(NOON_MS);
  const said: string[] = [];
  const sink = openReportsSink({ ask: cluster.ask, clock, debug: (message) => said.push(message) }, options);
  const sweepEnds = (...cells: readonly Cell[]) => sink.tell({ id: 1, event: ended }, currentOf(cells), signal);
  const applied = (): readonly string[] => cluster.asked('patch').map(({ path }) => path.replace(APPLY, ''));
  return { cluster, clock, said, sink, sweepEnds, applied };
}

t.test('at the end of a sweep every namespace has its report, applied server-side', async (t) => {
  const { cluster, sweepEnds } = scene();
  t.same(await sweepEnds(shop, bank), { kind: 'told' });
  t.match(cluster.requests, [
    { verb: 'list', apiGroup: 'openreports.io', resource: 'reports', namespace: undefined },
    { verb: 'list', apiGroup: 'openreports.io', resource: 'clusterreports', namespace: undefined },
    {
      verb: 'patch',
      apiGroup: 'openreports.io',
      resource: 'reports',
      namespace: 'bank',
      contentType: 'application/apply-patch+yaml',
    },
    { verb: 'patch', namespace: 'shop', path: `${REPORT}${APPLY}`, body: { kind: 'Report', summary: { pass: 1 } } },
  ]);
  t.equal(cluster.requests.length, 4);
});

t.test('the older API on request', async (t) => {
  const { sweepEnds, applied } = scene(new FakeCluster(), { api: 'wgpolicyk8s' });
  await sweepEnds(shop);
  t.same(applied(), ['/apis/wgpolicyk8s.io/v1alpha2/namespaces/shop/policyreports/meshproof']);
});

t.test('nothing else writes reports, and sweeps no more often than once a minute', async (t) => {
  const { clock, sink, sweepEnds, applied } = scene();
  await sink.tell({ id: 1, event: transition(exposed) }, currentOf([exposed]), signal);
  t.same(applied(), []);
  await sweepEnds(shop);
  await clock.advance(59_999);
  await sweepEnds(exposed);
  t.equal(applied().length, 1);
  await clock.advance(1);
  await sweepEnds(exposed);
  t.equal(applied().length, 2);
});

t.test(
  'a report in which nothing changed is left as it is for ten minutes, and then shows that it is looked after',
  async (t) => {
    const { clock, sweepEnds, applied } = scene();
    await sweepEnds(shop, bank);
    await clock.advance(60_000);
    await sweepEnds(exposed, bank);
    t.same(applied().slice(2), [REPORT]);
    await clock.advance(540_000);
    await sweepEnds(exposed, bank);
    t.same(applied().slice(3), ['/apis/openreports.io/v1alpha1/namespaces/bank/reports/meshproof']);
  },
);

t.test('a report that has nothing to report on any more is deleted, of an earlier process too', async (t) => {
  const found = ['shop', 'gone'].map((namespace) => ({ metadata: { name: 'meshproof', namespace } }));
  const others = { metadata: { name: 'of-somebody-else', namespace: 'gone' } };
  const cluster = new FakeCluster(({ verb, resource }) => {
    if (verb !== 'list') return undefined;
    const items = resource === 'reports' ? [...found, others] : [{ metadata: { name: 'meshproof' } }];
    return { status: 200, body: { items } };
  });
  const { clock, sweepEnds } = scene(cluster);
  await sweepEnds(shop, bank);
  const gone = '/apis/openreports.io/v1alpha1/namespaces/gone/reports/meshproof';
  const ofCluster = '/apis/openreports.io/v1alpha1/clusterreports/meshproof';
  t.match(cluster.asked('delete'), [
    { path: gone, apiGroup: 'openreports.io', resource: 'reports', namespace: 'gone' },
    { path: ofCluster, apiGroup: 'openreports.io', resource: 'clusterreports', namespace: undefined },
  ]);
  await clock.advance(60_000);
  await sweepEnds(bank);
  t.same(
    cluster.asked('delete').map(({ path }) => path),
    [gone, ofCluster, REPORT],
  );
});

t.test('a namespace that does not take its report keeps no other from having one', async (t) => {
  const cluster = new FakeCluster(({ namespace }) =>
    namespace === 'bank' ? { status: 403, body: { message: 'namespace bank is being terminated' } } : undefined,
  );
  const { said, sweepEnds, applied } = scene(cluster);
  t.same(await sweepEnds(shop, bank), { kind: 'told' });
  t.match(applied()[1], /shop/);
  t.match(said, [/namespace bank is being terminated$/]);
});

t.test('an outage is tried again from where it began', async (t) => {
  let isDown = true;
  const cluster = new FakeCluster(({ verb, namespace }) =>
    isDown && verb === 'patch' && namespace === 'shop' ? { status: 503, body: {} } : undefined,
  );
  const { sweepEnds, applied } = scene(cluster);
  t.match(await sweepEnds(shop, bank), { kind: 'away', why: /answered 503$/ });
  isDown = false;
  t.same(await sweepEnds(shop, bank), { kind: 'told' });
  t.same(
    applied().map((path) => /namespaces\/(\w+)/.exec(path)?.[1]),
    ['bank', 'shop', 'shop'],
  );
});

t.test('a cluster without the CRDs is asked once a minute, and says so', async (t) => {
  const cluster = new FakeCluster(() => ({ status: 404, body: { message: '404 page not found' } }));
  const { clock, sweepEnds } = scene(cluster);
  t.same(await sweepEnds(shop), { kind: 'rejected', why: 'the cluster has no openreports.io/v1alpha1' });
  await clock.advance(10_000);
  t.same(await sweepEnds(shop), { kind: 'told' });
  t.equal(cluster.requests.length, 1);
  cluster.answer = () => undefined;
  await clock.advance(50_000);
  t.same(await sweepEnds(shop), { kind: 'told' });
  t.equal(cluster.asked('patch').length, 1);
});

t.test('without the right to look for older reports, those of this process are written all the same', async (t) => {
  const cluster = new FakeCluster(({ verb }) => {
    if (verb !== 'list') return undefined;
    throw new MeshproofError('MPE_NOT_PERMITTED', 'may not list reports');
  });
  const { clock, sweepEnds, applied } = scene(cluster);
  t.same(await sweepEnds(shop), { kind: 'told' });
  t.same(applied(), [REPORT]);
  await clock.advance(60_000);
  await sweepEnds(bank);
  t.match(cluster.asked('delete'), [{ path: REPORT }]);
});
