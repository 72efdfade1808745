/**
 * Sidecars that were not told of a policy of another namespace: their calls fail, and they are named as the cause. A sweep
 * of the command line never meets them, because its probes are younger than every policy; the monitor's are older.
 *
 * Nothing may change beside it: a DestinationRule for whatever Service makes istiod tell all of their clients anew, so
 * that nobody is stale any more (istio: pilot/pkg/xds/eds.go:canSendPartialFullPushes).
 */
import t from 'tap';
import { realHelm } from '../../support/helm.ts';
import { apply, eventually, remove } from '../harness/kubectl.ts';
import { installMonitor, monitorNamespace, removeMonitor } from '../harness/monitor-release.ts';
import { WatchedMonitor } from '../harness/monitor.ts';
import type { Matrix } from '../harness/monitor.ts';
import { withoutCluster } from '../harness/on-cluster.ts';
import { raised } from '../harness/raised.ts';
import { MESH_NAMESPACES, MIXED, PLAIN, STRICT } from '../mesh/healthy.ts';
import { PREFIX } from '../mesh/lane.ts';
import { destinationRule, peerAuthentication } from '../mesh/objects.ts';

t.setTimeout(400_000);

const NAMESPACE = `${PREFIX}stale`;
const POLICY = peerAuthentication(MIXED, 'default', { mtls: { mode: 'DISABLE' } });
/** Says what automatic mutual TLS does anyway, of a Service that has nothing to do with the policy. */
const ELSEWHERE = destinationRule(PLAIN, 'reports', `reports.${PLAIN}.svc.cluster.local`, 'DISABLE');

const found = realHelm();
const options = { skip: withoutCluster() || ('missing' in found ? found.missing : false), timeout: 150_000 };
const where = { namespace: NAMESPACE, home: t.testdirName, withinMs: 120_000 };
const monitor = new WatchedMonitor(NAMESPACE);

/** In the order of their keys: caller, target, drift, code. */
function drifted({ cells }: Matrix): readonly string[] {
  return cells
    .filter(({ drift }) => drift !== 'agrees')
    .map(({ vantage, target, drift, cause }) =>
      [
        `${vantage.namespace}/${vantage.serviceAccount} ${vantage.dataPlane}`,
        `${target.namespace}/${target.name}:${String(target.port)}`,
        drift,
        cause?.code ?? '',
      ].join(' '),
    )
    .sort();
}

t.before(async () => {
  if (options.skip !== false) return;
  const image = await raised();
  await apply([monitorNamespace(NAMESPACE)]);
  await installMonitor(image, where, MESH_NAMESPACES, { persistence: { enabled: false } });
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await remove([POLICY, ELSEWHERE]);
  await removeMonitor(where);
});

t.test('clients of other namespaces are blocked by what they were not told', options, async (t) => {
  await eventually('a sweep is complete', () => monitor.isReady(), 60_000);
  await monitor.recovers('all is well');
  const after = await monitor.lastEventId();
  await apply([POLICY]);
  const blocked = ['front', 'vault'].map((caller) => `${STRICT}/${caller} sidecar ${MIXED}/clerk:80 blocked MP1017`);
  const matrix = await monitor.settles('both are blocked', (matrix) => drifted(matrix).length === blocked.length);
  t.same(drifted(matrix), blocked);
  t.equal(matrix.verdict.value, 'fail');
  const told = (await monitor.transitions(after)).filter(({ event: { to } }) => to === 'blocked');
  t.same(
    told.map(({ event: { cause } }) => cause?.code),
    ['MP1017', 'MP1017'],
  );
});

t.test('a DestinationRule of another Service has them told, and they recover', options, async (t) => {
  await apply([ELSEWHERE]);
  const { cells, verdict } = await monitor.recovers('nobody is blocked');
  t.equal(verdict.coverage, 1);
  const clerk = cells.filter(({ target, vantage }) => target.name === 'clerk' && vantage.namespace === STRICT);
  t.ok(clerk.length >= 2);
  for (const { key, outcome } of clerk) t.match(outcome, { kind: 'reached', transport: 'plaintext' }, key);
});
