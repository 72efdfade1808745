/** The controller that stays, installed by the chart: what changes in the cluster is seen, and what ends comes back. */
import t from 'tap';
import type { Propagation } from '../../controller/monitor/events.ts';
import { realHelm } from '../support/helm.ts';
import { diskFor } from './harness/disk.ts';
import type { Disk } from './harness/disk.ts';
import { forward } from './harness/forwarding.ts';
import { kill } from './harness/killing.ts';
import { apply, eventually, get, kubectl, remove, rolledOut } from './harness/kubectl.ts';
import type { Found } from './harness/kubectl.ts';
import { findingsIn, gapsIn, lengthsOf, uidsOf, WatchedMonitor } from './harness/monitor.ts';
import {
  INTERVAL_MS,
  installMonitor,
  monitorNamespace,
  removeMonitor,
  uninstallMonitor,
} from './harness/monitor-release.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { MIXED, PLAIN, STRICT } from './mesh/healthy.ts';
import { PREFIX, TEST_LABELS } from './mesh/lane.ts';
import { accountOf, namespaceOf, peerAuthentication, serviceOf, workloadOf } from './mesh/objects.ts';
import type { KubernetesObject } from './mesh/objects.ts';

t.setTimeout(600_000);

const NAMESPACE = `${PREFIX}serve`;
/** Is not there at first. */
const LATE = `${PREFIX}late`;
/** From a change until every proxy has heard of it, on a small cluster. */
const PROPAGATED_MS = 5000;

const elsewhere = withoutCluster();
const found = elsewhere === false ? realHelm() : { missing: elsewhere };
const options = { skip: 'missing' in found ? found.missing : false, timeout: 150_000 };
const where = { namespace: NAMESPACE, home: t.testdirName, withinMs: 120_000 };

const POLICY = peerAuthentication(STRICT, 'default', { mtls: { mode: 'STRICT' } });
const monitor = new WatchedMonitor(NAMESPACE);
let image = '';
let disk: Disk = { objects: [] };

t.before(async () => {
  if (options.skip !== false) return;
  image = await raised();
  await apply([monitorNamespace(NAMESPACE)]);
  disk = await diskFor(NAMESPACE, MIXED, image);
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await remove([namespaceOf(LATE, true)]);
  await removeMonitor(where);
  await remove(disk.objects);
});

async function controller(): Promise<Found> {
  const [pod, ...others] = await monitor.pods();
  if (pod === undefined || others.length > 0) throw new Error(`${String(others.length + 1)} controllers`);
  return pod;
}

t.test('installed by the chart, it measures everything, and all of it agrees', options, async (t) => {
  await installMonitor(image, where, [STRICT, MIXED, PLAIN, LATE], { events: true });
  await eventually('a sweep is complete', () => monitor.isReady(), 60_000);
  const matrix = await monitor.recovers('all is well');
  t.equal(matrix.verdict.coverage, 1);
  t.equal(matrix.agents.length, 5, 'four accounts call, and the prober');
  t.same(findingsIn(await monitor.transitions(0)), []);
  const pod = await controller();
  t.equal(pod.metadata.labels?.['meshproof.io/leader'], 'true');
  const [lease] = await get('lease', 'meshproof', '-n', NAMESPACE);
  t.match(lease?.spec, { holderIdentity: pod.metadata.name });
});

t.test('who looks is known by the token of the cluster, and may do what RBAC says', options, async (t) => {
  const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };
  const rules = [{ apiGroups: ['meshproof.io'], resources: ['sweeps'], verbs: ['create'] }];
  const metadata = { name: 'asks', namespace: NAMESPACE, labels: TEST_LABELS };
  await apply([accountOf(NAMESPACE, 'looks'), accountOf(NAMESPACE, 'asks'), { ...kind, metadata, rules }]);
  const bound = ['asks', '--role=asks', `--serviceaccount=${NAMESPACE}:asks`];
  await kubectl(['create', 'rolebinding', '-n', NAMESPACE, ...bound]);
  const tokenOf = async (account: string): Promise<string> =>
    (await kubectl(['create', 'token', account, '-n', NAMESPACE])).trim();
  const [looks, asks] = await Promise.all(['looks', 'asks'].map(tokenOf));
  await using forwarding = await forward(NAMESPACE, 'meshproof', 9440);
  const { address } = forwarding;
  const ask = async (token?: string): Promise<number> => {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${address}/api/v1/sweeps`, { method: 'POST', headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  t.equal(await ask(), 401);
  t.equal(await ask('of-nobody'), 401);
  t.equal(await ask(looks), 403);
  t.equal(await ask(asks), 202);
});

t.test(
  'a STRICT policy that is deleted: the routes open within an interval, and close when it is back',
  options,
  async (t) => {
    const after = await monitor.lastEventId();
    const isAbout = ({ objects }: Pick<Propagation, 'objects'>, change: string): boolean =>
      objects.some((one) => one.kind === POLICY.kind && one.namespace === STRICT && one.change === change);
    const deletedAtMs = Date.now();
    await kubectl(['delete', 'peerauthentication', '-n', STRICT, 'default']);
    const opened = await monitor.event('a route opened', 'transition', after, ({ to }) => to === 'opened');
    t.ok(
      Date.now() - deletedAtMs < INTERVAL_MS + PROPAGATED_MS,
      `seen after ${String(Date.now() - deletedAtMs)} ms, of which ${String(opened.atMs - deletedAtMs)} on the wire`,
    );
    t.match(opened.message, `${STRICT}/default`);
    t.match(opened.objects, [{ kind: 'PeerAuthentication', namespace: STRICT, name: 'default' }]);
    const spread = await monitor.event('it is everywhere', 'propagation', after, (one) => isAbout(one, 'deleted'));
    t.same(spread.missing, []);
    t.ok(spread.firstMs <= spread.lastMs && spread.lastMs < INTERVAL_MS + PROPAGATED_MS, JSON.stringify(spread));
    t.comment(`first route ${String(spread.firstMs)} ms after it was known, last ${String(spread.lastMs)} ms`);
    await eventually('the Service has an Event', async () => {
      const events = (await get('events.events.k8s.io', '-n', STRICT)) as readonly (Found & {
        readonly reason: string;
      })[];
      return events.some(({ reason }) => reason === 'Opened');
    });

    await apply([POLICY]);
    const closed = await monitor.event('a route closed', 'transition', after, ({ to }) => to === 'closed');
    t.match(closed.objects, [{ kind: 'PeerAuthentication', namespace: STRICT, name: 'default' }]);
    await monitor.event('it is everywhere again', 'propagation', after, (one) => isAbout(one, 'added'));
    await monitor.recovers('all is as before');
    const transitions = await monitor.transitions(after);
    t.same(findingsIn(transitions), []);
    const routes = (to: string): readonly string[] =>
      transitions
        .filter(({ event }) => event.to === to)
        .map(({ event }) => event.route)
        .sort();
    t.same(routes('closed'), routes('opened'), 'all that opened has closed');
    t.ok(routes('opened').length > 0);
  },
);

const HTTP = { name: 'http', containerPort: 8080, answers: 'http' } as const;

function lateMesh(): readonly KubernetesObject[] {
  const workload = workloadOf(
    {
      name: 'late',
      namespace: LATE,
      account: 'late',
      isMeshed: true,
      ports: [HTTP],
      readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
    },
    image,
  );
  const spec = workload['spec'] as Readonly<Record<string, unknown>>;
  return [
    namespaceOf(LATE, true),
    accountOf(LATE, 'late'),
    { ...workload, spec: { ...spec, replicas: 2, strategy: { type: 'RollingUpdate' } } },
    serviceOf({ name: 'late', namespace: LATE, app: 'late', ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
  ];
}

t.test('a namespace that comes is measured, and what was measured goes on', options, async (t) => {
  const before = await monitor.matrix();
  const probes = uidsOf(await monitor.probes());
  const after = await monitor.lastEventId();
  await apply(lateMesh());
  await rolledOut([LATE]);
  const matrix = await monitor.recovers('the new namespace is measured', ({ cells, agents }) => {
    return agents.length === before.agents.length + 1 && cells.some(({ target }) => target.namespace === LATE);
  });
  const callers = new Set(
    matrix.cells
      .filter(({ target, table }) => table === 'reachability' && target.namespace === LATE)
      .map(({ vantage }) => vantage.namespace),
  );
  t.same([...callers].sort(), [LATE, MIXED, PLAIN, STRICT].sort());
  t.same(findingsIn(await monitor.transitions(after)), []);
  const there = uidsOf(await monitor.probes());
  t.same(
    probes.filter((uid) => !there.includes(uid)),
    [],
    'no probe was made anew for it',
  );
});

t.test(
  'Deployments whose pods are replaced, one by one or all at once, are never found to be blocked',
  options,
  async (t) => {
    const after = await monitor.lastEventId();
    const restarted = [
      [LATE, 'late'],
      [STRICT, 'front'],
    ] as const;
    for (const [namespace, name] of restarted) {
      await kubectl(['rollout', 'restart', '-n', namespace, `deployment/${name}`]);
    }
    await rolledOut([LATE, STRICT]);
    await monitor.recovers('all of it is measured again');
    t.same(findingsIn(await monitor.transitions(after)), []);
  },
);

for (const [how, end] of [
  ['killed', kill],
  [
    'deleted',
    async ({ metadata: { name } }: Found) => {
      await kubectl(['delete', 'pod', '-n', NAMESPACE, name, '--wait=false']);
    },
  ],
] as const) {
  t.test(
    `a controller that is ${how} comes back, with the probes and the history that were there`,
    options,
    async (t) => {
      const all = await monitor.transitions(0);
      const lengths = lengthsOf(all);
      const after = await monitor.lastEventId();
      const probes = uidsOf(await monitor.probes());
      const { startedAtMs } = await monitor.matrix();
      await end(await controller());
      await monitor.recovers('it measures again', (matrix) => matrix.startedAtMs > startedAtMs);
      t.same(uidsOf(await monitor.probes()), probes, 'no probe was made');
      const transitions = await monitor.transitions(after);
      t.same(findingsIn(transitions), []);
      t.same(gapsIn(transitions, lengths), []);
      t.same((await monitor.transitions(0)).slice(0, all.length), all, 'what was told stays told');
    },
  );
}

t.test(
  'a probe that is deleted is replaced; where it cannot be, nobody knows, and the cluster says why',
  options,
  async (t) => {
    const after = await monitor.lastEventId();
    const isPlain = ({ metadata: { namespace } }: Found): boolean => namespace === PLAIN;
    const [job] = (await monitor.probes()).filter(isPlain);
    const quota: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'full', namespace: PLAIN, labels: TEST_LABELS },
      spec: { hard: { pods: '0' } },
    };
    try {
      await apply([quota]);
      await kubectl(['delete', 'pod', '-n', PLAIN, '-l', `batch.kubernetes.io/job-name=${job?.metadata.name ?? ''}`]);
      const unknown = await monitor.event('its routes are unknown', 'transition', after, ({ to, vantage }) => {
        return to === 'unknown' && vantage.namespace === PLAIN;
      });
      t.match(unknown.message, /agent/);
      await monitor.settles('it is said why', ({ agents }) =>
        agents.some(({ why }) => why.includes('exceeded quota: full')),
      );
    } finally {
      await remove([quota]);
    }
    await monitor.recovers('it is measured again');
    const [another, ...others] = (await monitor.probes()).filter(isPlain);
    t.not(another?.metadata.uid, job?.metadata.uid);
    t.same(others, []);
    t.same(findingsIn(await monitor.transitions(after)), []);
  },
);

t.test('a namespace that is deleted goes, with its probe', options, async (t) => {
  const after = await monitor.lastEventId();
  await kubectl(['delete', 'namespace', LATE, '--wait=false']);
  await monitor.recovers('the others are measured on', ({ cells, agents }) => {
    return agents.length === 5 && cells.every(({ target, vantage }) => ![target, vantage].some(isLate));
  });
  t.same(findingsIn(await monitor.transitions(after)), []);
});

function isLate({ namespace }: { readonly namespace: string }): boolean {
  return namespace === LATE;
}

t.test('uninstalled, it leaves nothing behind', options, async (t) => {
  await uninstallMonitor(where);
  const kinds = 'deployments,services,leases,serviceaccounts,roles,rolebindings,persistentvolumeclaims,cronjobs';
  const left = await get(
    `${kinds},clusterroles,clusterrolebindings`,
    '-A',
    '-l',
    'app.kubernetes.io/part-of=meshproof',
  );
  t.same(
    left
      .filter(({ metadata: { namespace, name } }) => namespace === NAMESPACE || name.includes(NAMESPACE))
      .map(({ kind, metadata: { name } }) => `${kind} ${name}`),
    [],
  );
  await eventually(
    'the agents have ended by themselves',
    async () =>
      (await monitor.probes()).every(({ status }) => Number(status?.['succeeded'] ?? status?.['failed'] ?? 0) > 0),
    90_000,
  );
  for (const { spec, metadata } of await monitor.probes()) {
    t.equal(spec?.['ttlSecondsAfterFinished'], 60, `${metadata.name} goes by itself`);
  }
});
