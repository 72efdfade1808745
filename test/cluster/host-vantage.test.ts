/** Probes in the networks of nodes: where Pod Security lets them be they check as kubelets do, and else they say so. */
import t from 'tap';
import { get, kubectl } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { PLAIN, STRICT } from './mesh/healthy.ts';
import { OWN_NAMESPACE } from './mesh/lane.ts';

t.setTimeout(180_000);

const options = { skip: withoutCluster(), timeout: 90_000 };
const NAMESPACES = [PLAIN, STRICT];
const A_NODE = ['--host-vantage=node', '--min-coverage', '1'];

function enforce(level: string): Promise<string> {
  return kubectl(['label', 'namespace', OWN_NAMESPACE, '--overwrite', `pod-security.kubernetes.io/enforce=${level}`]);
}

t.before(async () => {
  if (options.skip === false) await raised();
});

t.test('each pod is checked from the node that it is on', options, async (t) => {
  await enforce('privileged');
  try {
    const { status, sweep, stderr } = await sweepOnce({ namespaces: NAMESPACES, options: A_NODE });
    if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
    t.same(findingsOf(sweep), [], story(sweep));
    t.equal(status, 0);
    const pods = await get('pods', '-A');
    const nodeOf = new Map(
      pods.map(({ metadata: { namespace = '', name }, spec }) => [`${namespace}/${name}`, spec?.['nodeName']]),
    );
    const checks = sweep.cells.filter(({ table }) => table === 'health');
    t.ok(checks.length > 4, `checks: ${String(checks.length)}`);
    for (const { key, vantage, target } of checks) {
      t.match(vantage, { dataPlane: 'host', node: nodeOf.get(`${target.namespace}/${target.name}`) }, key);
    }
  } finally {
    await enforce('restricted');
  }
});

t.test('where Pod Security is "restricted", no check is made, and its words are told', options, async (t) => {
  const { status, sweep, stderr } = await sweepOnce({ namespaces: NAMESPACES, options: A_NODE });
  if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
  t.same(findingsOf(sweep), ['unknown MP1501'], story(sweep));
  t.equal(status, 75);
  const unknown = sweep.cells.filter(({ drift }) => drift === 'unknown');
  t.same([...new Set(unknown.map(({ table }) => table))], ['health']);
  for (const { cause } of unknown) t.match(cause?.message, /PodSecurity "restricted.*host/);
});
