/** The chart, put into the cluster by Helm itself: it installs, tests itself, measures, and leaves nothing behind. */
import t from 'tap';
import { realHelm } from '../support/helm.ts';
import { CHART, helm as helmIn, imageValues } from './harness/helm.ts';
import { get, kubectl } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { PLAIN, STRICT } from './mesh/healthy.ts';
import { PREFIX, TEST_LABELS } from './mesh/lane.ts';

t.setTimeout(300_000);

const RELEASE = 'measured';
const NAMESPACE = `${PREFIX}chart`;
const WITHIN_MS = 120_000;

const elsewhere = withoutCluster();
const helm = elsewhere === false ? realHelm() : { missing: elsewhere };
const options = { skip: 'missing' in helm ? helm.missing : false, timeout: 150_000 };

async function withHelm(...args: readonly string[]): Promise<string> {
  return helmIn(args, { namespace: NAMESPACE, home: t.testdirName, withinMs: WITHIN_MS });
}

let image = '';
t.before(async () => {
  if (options.skip !== false) return;
  image = await raised();
  const labels = { ...TEST_LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } };
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify(namespace) });
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await withHelm('uninstall', RELEASE, '--ignore-not-found');
  await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
});

for (const [what, values] of [
  ['cluster-wide', []],
  ['in two namespaces alone', ['--set', `namespaced=true,namespaces={${PLAIN},${STRICT}}`]],
  ['with the controller that stays', ['--set', 'serve.enabled=true,serve.events=true,serve.reports=true']],
  [
    'with what watches over it',
    ['podDisruptionBudget', 'networkPolicy', 'dashboard'].flatMap((name) => [
      ...['--set', `serve.enabled=true,serve.${name}.enabled=true`],
    ]),
  ],
] as const) {
  t.test(`what Helm makes of the chart ${what} is taken by the API server`, options, async (t) => {
    const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json'])) as {
      serverVersion: { gitVersion: string };
    };
    const served = ['--kube-version', serverVersion.gitVersion];
    const input = await withHelm('template', RELEASE, CHART, ...imageValues(image), ...served, ...values);
    const said = await kubectl(['apply', '--dry-run=server', '-f', '-'], { input });
    t.equal(said.trim().split('\n').length, input.split(/^---$/m).filter((part) => part.includes('kind:')).length);
    t.match(said, /meshproof-test created \(server dry run\)/);
  });
}

t.test('the chart installs, helm test passes, and it measures', options, async (t) => {
  await withHelm('install', RELEASE, CHART, ...imageValues(image), '--wait');
  t.match(await withHelm('test', RELEASE), /Phase: +Succeeded/);
  const { status, sweep, stderr } = await sweepOnce({ namespaces: [PLAIN], ownNamespace: NAMESPACE });
  if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
  t.same(findingsOf(sweep), [], story(sweep));
  t.equal(status, 0);
});

t.test('helm test fails where the sweeps lack a right', options, async (t) => {
  const role = `${NAMESPACE}-controller`;
  await kubectl(['patch', 'clusterrole', role, '--type=merge', '-p', '{"rules":[]}']);
  await t.rejects(withHelm('test', RELEASE), { message: /failed|Failed/ });
});

t.test('helm uninstall takes all of it', options, async (t) => {
  await withHelm('uninstall', RELEASE, '--wait');
  const kinds = 'serviceaccounts,roles,rolebindings,cronjobs,clusterroles,clusterrolebindings';
  const left = await get(kinds, '-A', '-l', 'app.kubernetes.io/part-of=meshproof');
  const ours = left.filter(({ metadata: { namespace, name } }) => namespace === NAMESPACE || name.includes(NAMESPACE));
  t.same(
    ours.map(({ kind, metadata: { name } }) => `${kind} ${name}`),
    [],
  );
});
