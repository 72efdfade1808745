/** What `install` prints: the API server takes it, and nothing of it needs more than Pod Security "restricted". */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { PROBER_ACCOUNT } from '../../controller/install/names.ts';
import { installationManifests } from './harness/installation.ts';
import { eventually, get, kubectl } from './harness/kubectl.ts';
import type { Found } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { startMatrix } from './harness/sweeps.ts';
import { PLAIN, STRICT } from './mesh/healthy.ts';
import { OWN_NAMESPACE, PREFIX } from './mesh/lane.ts';

t.setTimeout(120_000);

const options = { skip: withoutCluster(), timeout: 60_000 };

let image = '';
t.before(async () => {
  if (options.skip === false) image = await raised();
});

for (const [what, more] of [
  ['cluster-wide', []],
  ['in two namespaces alone', ['--namespaced', '-n', PLAIN, '-n', STRICT]],
  ['on a schedule', ['--schedule', '*/15 * * * *']],
  ['with the controller that stays', ['--serve', '--events', '--reports']],
] as const) {
  t.test(`an installation ${what} is taken by the API server`, options, async (t) => {
    const manifests = await installationManifests(image, more);
    const said = await kubectl(['apply', '--dry-run=server', '-f', '-'], { input: manifests });
    const objects = parseAllDocuments(manifests).map((document) => document.toJSON() as { kind: string });
    t.equal(said.trim().split('\n').length, objects.length);
    t.equal(
      objects.some(({ kind }) => kind === 'ClusterRole'),
      !more.some((option) => option === '--namespaced'),
    );
    t.notMatch(manifests, /secrets|\*['"]?\s*\]/, 'no right on Secrets, and none on everything');
  });
}

/** Of a Job: its pod as it is before anybody injects anything, for the namespace of the installation. */
function podOf({ metadata, spec }: Found): object {
  const { template } = spec as {
    template: { metadata: { labels: object }; spec: Readonly<Record<string, unknown>> };
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: metadata.name, namespace: OWN_NAMESPACE },
    // Accounts of other namespaces are not there.
    spec: { ...template.spec, serviceAccountName: PROBER_ACCOUNT },
  };
}

t.test('all pods of a sweep are admitted where Pod Security is "restricted"', options, async (t) => {
  const enforcing = await get('namespaces', '-l', 'pod-security.kubernetes.io/enforce=restricted');
  const names = enforcing.map(({ metadata: { name } }) => name);
  t.ok(names.includes(OWN_NAMESPACE) && names.includes(PLAIN), names.join(' '));
  const jobsInLane = async (): Promise<readonly Found[]> => {
    const found = await get('jobs', '-A', '-l', 'meshproof.io/sweep');
    return found.filter(({ metadata: { namespace = '' } }) => namespace.startsWith(PREFIX));
  };
  // Those of a controller that was uninstalled go when their time is up.
  const before = new Set((await jobsInLane()).map(({ metadata: { uid } }) => uid));
  await using running = startMatrix({ namespaces: [PLAIN, STRICT] });
  let jobs: readonly Found[] = [];
  await eventually('controller and probes are there', async () => {
    jobs = (await jobsInLane()).filter(({ metadata: { uid } }) => !before.has(uid));
    return jobs.length === 5;
  });
  t.same(jobs.map(({ metadata: { namespace } }) => namespace).sort(), [
    OWN_NAMESPACE,
    OWN_NAMESPACE,
    PLAIN,
    STRICT,
    STRICT,
  ]);
  const list = { apiVersion: 'v1', kind: 'List', items: jobs.map(podOf) };
  const said = await kubectl(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(list) });
  t.equal(said.trim().split('\n').length, jobs.length, said);
  t.same(await running.ended, { status: 0, signal: null }, running.stderr);
});

t.test('the example of a CronJob is taken by the API server', options, async (t) => {
  const file = new URL('../../deploy/examples/cronjob.yaml', import.meta.url);
  const input = (await readFile(file, 'utf8')).replaceAll('namespace: meshproof\n', `namespace: ${OWN_NAMESPACE}\n`);
  t.match(await kubectl(['apply', '--dry-run=server', '-f', '-'], { input }), /dry run/);
});
