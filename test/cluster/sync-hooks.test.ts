/** The sync hooks of Argo CD as the Jobs that they are: what was before a change is kept in the cluster, and held against it. */
import t from 'tap';
import { VERSION } from '../../proto/version.ts';
import { may } from './harness/accounts.ts';
import { meshproof, trustOptions, words } from './harness/commands.ts';
import { changed, example, plainExamples } from './harness/examples.ts';
import { installationManifests } from './harness/installation.ts';
import { apply, eventually, get, kubectl, remove, rolledOut } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { MIXED } from './mesh/healthy.ts';
import { OWN_NAMESPACE } from './mesh/lane.ts';
import { serviceOf } from './mesh/objects.ts';
import type { KubernetesObject } from './mesh/objects.ts';

t.setTimeout(600_000);

const options = { skip: withoutCluster(), timeout: 120_000 };
const IMAGE = `ghcr.io/meshproof/meshproof:${VERSION}`;
const BASELINE = 'argo-cd';
const ACCOUNT = `${OWN_NAMESPACE}:meshproof-controller`;
/** Of a pod that ends with a verdict. */
const ENDS_WITHIN_MS = 90_000;

let image = '';
let hooks: readonly KubernetesObject[] = [];

t.before(async () => {
  if (options.skip !== false) return;
  image = await raised();
  hooks = changed(example('argo-cd/sync-hooks.yaml') as readonly KubernetesObject[], {
    ownNamespace: OWN_NAMESPACE,
    texts: { [IMAGE]: image, shop: [MIXED, ...(await trustOptions())], '20s': '2s' },
  });
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await remove(hooks);
  await kubectl(['scale', '-n', MIXED, 'deployment/clerk', '--replicas=1']);
  await kubectl(['delete', 'role,rolebinding', '-n', OWN_NAMESPACE, 'meshproof-baselines']);
});

interface Ended {
  /** What its conditions say: `Complete`, or why it failed. */
  readonly as: string;
  readonly log: string;
}

/** As Argo CD does it: the Job of the last sync is deleted, and one is made. */
async function sync(name: string): Promise<Ended> {
  const job = hooks.filter(({ kind, metadata }) => kind === 'Job' && metadata.name === name);
  await remove(job);
  await apply(job);
  let as = '';
  await eventually(
    `${name} has ended`,
    async () => {
      const [{ status = {} } = {}] = await get('job', name, '-n', OWN_NAMESPACE);
      const conditions = (status['conditions'] ?? []) as readonly { type: string; status: string; reason?: string }[];
      const ended = conditions.find((one) => ['Complete', 'Failed'].includes(one.type) && one.status === 'True');
      as = ended?.type === 'Failed' ? (ended.reason ?? 'Failed') : (ended?.type ?? '');
      return as !== '';
    },
    ENDS_WITHIN_MS,
  );
  return { as, log: await kubectl(['logs', '-n', OWN_NAMESPACE, `job/${name}`]) };
}

t.test('the examples that need no other controller are taken by the API server', options, async (t) => {
  const objects = changed(plainExamples(), { ownNamespace: OWN_NAMESPACE });
  t.same([...new Set(objects.map(({ kind }) => kind))].sort(), ['CronJob', 'Job']);
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const said = await kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], { input });
  t.equal(said.trim().split('\n').length, objects.length, said);
});

t.test('the account of sweeps may keep baselines where it was allowed to, and nothing more', options, async (t) => {
  t.notOk(await may(ACCOUNT, 'create', 'configmaps', OWN_NAMESPACE), 'where it was not asked for');
  await kubectl(['apply', '-f', '-'], { input: await installationManifests(image, ['--baselines']) });
  for (const verb of ['get', 'list', 'create', 'update'])
    t.ok(await may(ACCOUNT, verb, 'configmaps', OWN_NAMESPACE), verb);
  t.notOk(await may(ACCOUNT, 'delete', 'configmaps', OWN_NAMESPACE));
  t.notOk(await may(ACCOUNT, 'create', 'configmaps', MIXED));
  t.notOk(await may(ACCOUNT, 'get', 'secrets', OWN_NAMESPACE));
});

t.test('before the sync a baseline is kept as a ConfigMap, and again before the next one', options, async (t) => {
  for (const time of ['the first time', 'again']) {
    const { as, log } = await sync('mesh-before');
    t.equal(as, 'Complete', log);
    t.match(log, new RegExp(`Saved ${BASELINE}: \\d+ cells, \\d+ KiB\\.`), time);
  }
  const [kept] = await get('configmap', `meshproof-baseline-${BASELINE}`, '-n', OWN_NAMESPACE);
  t.equal(kept?.metadata.labels?.['meshproof.io/baseline'], BASELINE);
  const listed = await meshproof(['baseline', 'list']);
  t.match(listed.stdout, new RegExp(`^NAME +MEASURED +CELLS +FINDINGS +SIZE\\n${BASELINE} +20`), words(listed));
  const shown = await meshproof(['baseline', 'show', BASELINE]);
  t.match(shown.stdout, `Baseline ${BASELINE}: `, words(shown));
  t.match(shown.stdout, `namespace ${MIXED}`);
});

t.test('other pods, of another ReplicaSet, and more of them are no difference', options, async (t) => {
  await kubectl(['rollout', 'restart', '-n', MIXED, 'deployment/clerk']);
  await kubectl(['scale', '-n', MIXED, 'deployment/clerk', '--replicas=2']);
  await rolledOut([MIXED]);
  const { as, log } = await sync('mesh-after');
  t.equal(as, 'Complete', log);
  t.match(log, /\nPASS: \d+ cells are as before\n/);
});

t.test('a Service that was not there fails the sync at once, and is named', options, async (t) => {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  const another = serviceOf({ name: 'clerk-too', namespace: MIXED, app: 'clerk', ports });
  try {
    await apply([another]);
    const { as, log } = await sync('mesh-after');
    t.equal(as, 'PodFailurePolicy', log);
    t.match(log, `→ ${MIXED}/clerk-too:80`);
    t.match(log, /\nFAIL: 1 unexpected change\n/);
  } finally {
    await remove([another]);
  }
});

t.test('from a laptop the same baseline serves, until it is deleted', options, async (t) => {
  const verify = ['verify', '--baseline', BASELINE, ...(await trustOptions())];
  const after = await meshproof(verify);
  t.equal(after.status, 0, words(after));
  const deleted = await meshproof(['baseline', 'delete', BASELINE]);
  t.equal(deleted.status, 0, words(deleted));
  const listed = await meshproof(['baseline', 'list', '-o', 'json']);
  t.same((JSON.parse(listed.stdout) as { readonly items: readonly unknown[] }).items, []);
  t.match(await meshproof(verify), { status: 64, stderr: `hold no baseline ${BASELINE}` });
});
