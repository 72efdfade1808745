/** Any one right missing: the exit status is 77, and the message names verb, resource and the line to add. */
import { join } from 'node:path';
import pLimit from 'p-limit';
import t from 'tap';
import { CONTROLLER_PERMISSIONS, USER_PERMISSIONS } from '../../controller/install/permissions.ts';
import type { Permission } from '../../controller/install/permissions.ts';
import { connectCluster } from '../../controller/api-server/connect.ts';
import { KINDS } from '../../controller/snapshot/cluster/kinds.ts';
import { viewCluster } from '../../controller/snapshot/cluster/view.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { accountWith, writeKubeconfigOf } from './harness/accounts.ts';
import type { Rule, SingleRight } from './harness/accounts.ts';
import { apply, kubectl, remove } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { sweepOnce } from './harness/sweeps.ts';
import { PLAIN } from './mesh/healthy.ts';
import { OWN_NAMESPACE, PREFIX } from './mesh/lane.ts';

t.setTimeout(300_000);

/** Processes of kubectl, and views of the cluster. */
const AT_A_TIME = 6;
const options = { skip: withoutCluster(), timeout: 120_000 };

function rightsOf(permissions: readonly Permission[]): readonly SingleRight[] {
  return permissions.flatMap(({ apiGroup, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ apiGroup, resource, verb }))),
  );
}

/** Resources that this cluster serves, `plural.group` or `plural`. */
async function served(): Promise<ReadonlySet<string>> {
  const names = await kubectl(['api-resources', '-o', 'name']);
  return new Set(names.trim().split('\n'));
}

/** Why the account sees nothing of the cluster; undefined: it sees all. */
async function refusalOf(kubeconfig: string): Promise<MeshproofError | undefined> {
  const signal = AbortSignal.timeout(30_000);
  try {
    const cluster = await connectCluster({ kubeconfig }, {});
    await using view = await viewCluster(cluster, { namespaces: 'all' }, { clock: systemClock }, signal);
    await view.snapshot(signal);
    return undefined;
  } catch (error) {
    if (error instanceof MeshproofError) return error;
    throw error;
  }
}

t.before(async () => {
  if (options.skip === false) await raised();
});

t.test('reading what is declared', options, async (t) => {
  const known = await served();
  const all = rightsOf(CONTROLLER_PERMISSIONS.filter(({ verbs }) => verbs.includes('watch')));
  const isServed = ({ apiGroup, resource }: SingleRight): boolean =>
    known.has(apiGroup === '' ? resource : `${resource}.${apiGroup}`);
  const isOptional = ({ resource }: SingleRight): boolean =>
    KINDS.some(({ plural, isOptional: is }) => is === true && plural === resource);
  const needed = all.filter((right) => isServed(right) && !isOptional(right));
  const listed = needed.filter(({ verb }) => verb === 'list');
  const accounts = [
    ...listed.map((right, index) => ({ missing: [right], name: `${PREFIX}reader-${String(index)}` })),
    // All that cannot be watched is named at once.
    { missing: needed.filter(({ verb }) => verb === 'watch'), name: `${PREFIX}reader-once` },
  ];
  const objects = accounts.flatMap(({ missing, name }) =>
    accountWith(
      name,
      all.filter((right) => !missing.includes(right)),
      true,
    ),
  );
  const folder = t.testdir();
  try {
    await apply(objects);
    const limit = pLimit(AT_A_TIME);
    const refusals = accounts.map(({ missing, name }) =>
      limit(async () => {
        const file = join(folder, name);
        await writeKubeconfigOf(name, file);
        return { missing, refusal: await refusalOf(file) };
      }),
    );
    for (const { missing, refusal } of await Promise.all(refusals)) {
      const what = missing.map(({ verb, resource }) => `${verb} ${resource}`).join(', ');
      t.equal(refusal?.exitStatus, EXIT.notPermitted, `without ${what}`);
      for (const { verb, resource, apiGroup } of missing) {
        t.match(refusal?.message, new RegExp(`${verb} [^;]*${resource}`));
        t.match(refusal?.hint, new RegExp(`apiGroups: \\["${apiGroup}"\\], resources: \\[[^\\]]*${resource}.*${verb}`));
      }
    }
  } finally {
    await remove(objects);
  }
});

t.test('starting a sweep from a laptop', options, async (t) => {
  const needed = USER_PERMISSIONS.filter(({ without }) => without === undefined);
  const all = rightsOf(USER_PERMISSIONS);
  const accounts = rightsOf(needed).map((missing, index) => ({ missing, name: `${PREFIX}user-${String(index)}` }));
  const objects = accounts.flatMap(({ missing, name }) => {
    const rest = all.filter(({ resource, verb }) => resource !== missing.resource || verb !== missing.verb);
    return accountWith(name, rest, false);
  });
  const folder = t.testdir();
  try {
    await apply(objects);
    for (const { missing, name } of accounts) {
      const { verb, resource, apiGroup } = missing;
      const kubeconfig = join(folder, name);
      await writeKubeconfigOf(name, kubeconfig);
      const { status, stderr } = await sweepOnce({ namespaces: [PLAIN], kubeconfig });
      t.equal(status, 77, `without ${verb} ${resource}: ${stderr}`);
      t.ok(stderr.includes(`${verb} ${resource}`), stderr);
      t.ok(stderr.includes(`apiGroups: ["${apiGroup}"], resources: ["${resource}"], verbs: ["${verb}"]`), stderr);
    }
  } finally {
    await remove(objects);
  }
});

/** Of the Job in the cluster; what it reads is dealt with above, but for one. */
const IN_THE_JOB: readonly SingleRight[] = [
  { apiGroup: 'batch', resource: 'jobs', verb: 'create' },
  { apiGroup: 'batch', resource: 'jobs', verb: 'delete' },
  { apiGroup: '', resource: 'events', verb: 'list' },
  { apiGroup: '', resource: 'pods', verb: 'list' },
  { apiGroup: 'security.istio.io', resource: 'peerauthentications', verb: 'list' },
];

for (const missing of IN_THE_JOB) {
  const { apiGroup, resource, verb } = missing;
  t.test(`a sweep whose account may not ${verb} ${resource}`, options, async (t) => {
    const role = `${OWN_NAMESPACE}-controller`;
    const before = JSON.parse(await kubectl(['get', 'clusterrole', role, '-o', 'json'])) as { rules: readonly Rule[] };
    const rules = before.rules.flatMap((rule): readonly Rule[] => {
      if (!rule.apiGroups.includes(apiGroup) || !rule.resources.includes(resource)) return [rule];
      return [
        { ...rule, resources: rule.resources.filter((one) => one !== resource) },
        { ...rule, resources: [resource], verbs: rule.verbs.filter((one) => one !== verb) },
      ].filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0);
    });
    const patch = (own: readonly Rule[]): Promise<string> =>
      kubectl(['patch', 'clusterrole', role, '--type=merge', '-p', JSON.stringify({ rules: own })]);
    try {
      await patch(rules);
      const { status, stderr } = await sweepOnce({ namespaces: [PLAIN] });
      t.equal(status, 77, stderr);
      t.match(stderr, new RegExp(`${verb} .*${resource}`));
      t.match(stderr, new RegExp(`resources: \\["?${resource}"?\\], verbs: \\[.*${verb}`));
    } finally {
      await patch(before.rules);
    }
  });
}

t.test('without TokenReview, agents are known by the keys of the cluster', options, async (t) => {
  const role = `${OWN_NAMESPACE}-controller`;
  const before = JSON.parse(await kubectl(['get', 'clusterrole', role, '-o', 'json'])) as { rules: readonly Rule[] };
  const rules = before.rules.filter(({ resources }) => !resources.includes('tokenreviews'));
  try {
    await kubectl(['patch', 'clusterrole', role, '--type=merge', '-p', JSON.stringify({ rules })]);
    const { status, stderr } = await sweepOnce({ namespaces: [PLAIN] });
    t.equal(status, 0, stderr);
  } finally {
    await kubectl(['patch', 'clusterrole', role, '--type=merge', '-p', JSON.stringify({ rules: before.rules })]);
  }
});
