/** What `install` prints: the API server takes it, and nothing of it needs more than Pod Security "restricted". */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { installationManifests, installedImage } from './harness/installation.ts';
import { eventually, get, kubectl } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { OWN_NAMESPACE, startMatrix } from './harness/sweeps.ts';
import { PLAIN, STRICT } from './mesh/healthy.ts';

t.setTimeout(120_000);

const options = { skip: withoutCluster(), timeout: 60_000 };

for (const [what, more] of [
  ['cluster-wide', []],
  ['in two namespaces alone', ['--namespaced', '-n', PLAIN, '-n', STRICT]],
  ['on a schedule', ['--schedule', '*/15 * * * *']],
] as const) {
  t.test(`an installation ${what} is taken by the API server`, options, async (t) => {
    const manifests = await installationManifests(await installedImage(), more);
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

t.test('the pods of a sweep are admitted where Pod Security is "restricted"', options, async (t) => {
  const [namespace] = await get('namespace', OWN_NAMESPACE);
  t.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
  await using running = startMatrix({ namespaces: [PLAIN] });
  await eventually('the prober runs beside the controller', async () => {
    const pods = await get('pods', '-n', OWN_NAMESPACE, '-l', 'meshproof.io/sweep');
    const roles = pods
      .filter(({ status }) => status?.['phase'] === 'Running')
      .map(({ metadata: { labels = {} } }) => labels['meshproof.io/role']);
    return roles.includes('controller') && roles.includes('probe');
  });
  t.same(await running.ended, { status: 0, signal: null }, running.stderr);
});

t.test('the example of a CronJob is taken by the API server', options, async (t) => {
  const file = new URL('../../deploy/examples/cronjob.yaml', import.meta.url);
  const input = (await readFile(file, 'utf8')).replaceAll('namespace: meshproof\n', `namespace: ${OWN_NAMESPACE}\n`);
  t.match(await kubectl(['apply', '--dry-run=server', '-f', '-'], { input }), /dry run/);
});
