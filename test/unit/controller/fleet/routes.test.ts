import t from 'tap';
import type { DialTarget } from '../../../../controller/fleet/launcher.ts';
import { routeCells, taskOf } from '../../../../controller/fleet/routes.ts';
import { plannedCell } from '../../../support/planned-cell.ts';

const CELL = plannedCell({ attempts: 1, connectTimeoutMs: 300, timeoutMs: 700 });

function dialTargets(...hosts: readonly string[]): readonly DialTarget[] {
  return hosts.map((host) => ({ address: { host, port: 8080 } }));
}

t.test('every address is dialled at least once, and as often as planned', (t) => {
  const cases: readonly (readonly [readonly string[], number, number])[] = [
    [[], 1, 0],
    [['127.0.0.1'], 1, 1],
    [['127.0.0.1', '127.0.0.2', '127.0.0.3'], 1, 3],
    [['127.0.0.1'], 6, 6],
  ];
  for (const [hosts, planned, attempts] of cases) {
    const [routed] = routeCells([{ ...CELL, attempts: planned }], () => dialTargets(...hosts));
    t.equal(routed?.attempts, attempts, `${String(hosts.length)} addresses, ${String(planned)} planned`);
  }
  t.end();
});

t.test('routes are numbered from one through all vantages', (t) => {
  const other = { ...CELL, route: { ...CELL.route, vantage: { ...CELL.route.vantage, namespace: 'shop' } } };
  const routed = routeCells([CELL, other, CELL], () => dialTargets('127.0.0.1'));
  t.same(
    routed.map(({ route, vantage }) => [route, vantage]),
    [
      [1, 'legacy/batch (naked)'],
      [2, 'shop/batch (naked)'],
      [3, 'legacy/batch (naked)'],
    ],
  );
  t.end();
});

t.test('a task is done once a slot, and names whom it means', (t) => {
  const [named, bare, six] = routeCells([CELL, { ...CELL, authority: '' }, { ...CELL, authority: '' }], () =>
    dialTargets('127.0.0.1'),
  );
  t.ok(named && bare && six);
  if (named === undefined || bare === undefined || six === undefined) return;
  t.same(taskOf(named, 3), {
    route: 1,
    slot: 3,
    probe: CELL.route.probe,
    addresses: [{ host: '127.0.0.1', port: 8080 }],
    authority: 'pay.shop.svc.cluster.local:80',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 300,
    timeoutMs: 700,
    attempts: 1,
    intervalMs: 0,
  });
  t.equal(taskOf(bare, 0).authority, '127.0.0.1:8080', 'without a name, the address, as the kubelet does');
  t.equal(taskOf({ ...six, dialled: dialTargets('fd00::1') }, 0).authority, '[fd00::1]:8080');
  t.end();
});
