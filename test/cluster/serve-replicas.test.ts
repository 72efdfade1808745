/** Two controllers that stay, over one PostgreSQL: one measures, the other one takes over, and nothing that was told is lost. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Address } from '../../proto/vocabulary.ts';
import { realHelm } from '../support/helm.ts';
import { Postgres, realPostgres } from '../support/postgres.ts';
import { goOnWithout } from '../support/real-program.ts';
import { apply, eventually, get, kubectl, remove } from './harness/kubectl.ts';
import type { Found } from './harness/kubectl.ts';
import { findingsIn, gapsIn, lengthsOf, uidsOf, WatchedMonitor } from './harness/monitor.ts';
import type { StoredTransition } from './harness/monitor.ts';
import { installMonitor, monitorNamespace, removeMonitor } from './harness/monitor-release.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { ownAddress } from './harness/own-address.ts';
import { raised } from './harness/raised.ts';
import { MIXED, PLAIN, STRICT } from './mesh/healthy.ts';
import { PREFIX, TEST_LABELS } from './mesh/lane.ts';
import { peerAuthentication } from './mesh/objects.ts';

t.setTimeout(400_000);

const NAMESPACE = `${PREFIX}replicas`;
const LEADER = 'meshproof.io/leader';
const POLICY = peerAuthentication(STRICT, 'default', { mtls: { mode: 'STRICT' } });

const programs = realPostgres();
const found = realHelm();
const host = withoutCluster() === false ? await ownAddress() : undefined;
const unreachable = host === undefined ? goOnWithoutNode() : false;
const missing = [programs, found].flatMap((one) => ('missing' in one ? one.missing : []))[0];
const options = { skip: withoutCluster() || missing || unreachable, timeout: 150_000 };
const where = { namespace: NAMESPACE, home: t.testdirName, withinMs: 120_000 };
const monitor = new WatchedMonitor(NAMESPACE);
let postgres: Postgres | undefined;

function goOnWithoutNode(): string | false {
  const why = 'pods cannot dial this machine, which is no node of the cluster';
  return withoutCluster() === false && goOnWithout('PostgreSQL in reach of the cluster', why, process.env).missing;
}

async function freeAddress(): Promise<Address> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host: host ?? '', port };
}

async function ready(): Promise<readonly Found[]> {
  return (await monitor.pods()).filter(({ status, metadata: { deletionTimestamp } }) => {
    const conditions = (status?.['conditions'] ?? []) as readonly { readonly type: string; readonly status: string }[];
    return deletionTimestamp === undefined && conditions.some((one) => one.type === 'Ready' && one.status === 'True');
  });
}

async function leaders(): Promise<readonly Found[]> {
  return (await monitor.pods()).filter(({ metadata: { labels = {} } }) => labels[LEADER] === 'true');
}

async function leader(): Promise<Found> {
  const [pod, ...others] = await leaders();
  if (pod === undefined || others.length > 0) throw new Error(`${String(others.length + 1)} controllers lead`);
  return pod;
}

/** What was told before stays as it was, and goes on without a gap; nothing is found where nothing is wrong. */
async function isUnbroken(t: Tap, all: readonly StoredTransition[]): Promise<void> {
  const now = await monitor.transitions(0);
  t.same(now.slice(0, all.length), all, 'what was told stays told');
  const since = now.slice(all.length);
  t.same(gapsIn(since, lengthsOf(all)), []);
  t.same(findingsIn(since), []);
}

type Tap = Pick<typeof t, 'same'>;

t.before(async () => {
  if (options.skip !== false || 'missing' in programs) return;
  const image = await raised();
  postgres = await Postgres.start(programs.programs, await freeAddress());
  await postgres.query('create database meshproof');
  const url = postgres.urlFromAfar('meshproof');
  await apply([
    monitorNamespace(NAMESPACE),
    {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', stringData: { url } },
      metadata: { name: 'store', namespace: NAMESPACE, labels: TEST_LABELS },
    },
  ]);
  const store = { secret: { name: 'store', key: 'url' } };
  await installMonitor(image, where, [STRICT, MIXED, PLAIN], { replicas: 2, store });
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await removeMonitor(where);
  await postgres?.[Symbol.asyncDispose]();
});

t.test('of two one leads, whom the Service and the Lease name, and the other one is ready to', options, async (t) => {
  await eventually('a sweep is complete', () => monitor.isReady(), 60_000);
  await monitor.recovers('all is well');
  t.equal((await monitor.pods()).length, 2);
  const { metadata } = await leader();
  const [lease] = await get('lease', 'meshproof', '-n', NAMESPACE);
  t.match(lease?.spec, { holderIdentity: metadata.name });
  t.same(findingsIn(await monitor.transitions(0)), []);
});

for (const [how, arguments_] of [
  ['deleted without grace', ['--grace-period=0', '--force']],
  ['deleted', []],
] as const) {
  t.test(`a leader that is ${how}: the other one goes on where it was`, options, async (t) => {
    const before = await leader();
    const all = await monitor.transitions(0);
    const probes = uidsOf(await monitor.probes());
    await eventually('both run', async () => (await ready()).length === 2);
    const standby = (await ready()).find(({ metadata: { uid } }) => uid !== before.metadata.uid);
    await kubectl(['delete', 'pod', '-n', NAMESPACE, before.metadata.name, '--wait=false', ...arguments_]);
    const endedAtMs = Date.now();
    await eventually('the other one leads', async () => {
      const [pod] = await leaders();
      return pod?.metadata.uid === standby?.metadata.uid;
    });
    t.comment(`it leads ${String(Date.now() - endedAtMs)} ms after`);
    await monitor.recovers('it measures', ({ startedAtMs }) => startedAtMs > endedAtMs);
    t.same(uidsOf(await monitor.probes()), probes, 'with the probes that were there');
    await isUnbroken(t, all);
  });
}

t.test('while the database is away nothing is known; when it is back, nothing is missing', options, async (t) => {
  const all = await monitor.transitions(0);
  const after = await monitor.lastEventId();
  const before = await leader();
  await postgres?.crash();
  await monitor.settles('the matrix says so', ({ troubles, verdict }) => {
    return troubles.some(({ kind }) => kind === 'store') && verdict.value === 'inconclusive';
  });
  try {
    await remove([POLICY]);
    await postgres?.begin();
    const opened = await monitor.event('what happened then is told', 'transition', after, ({ to }) => to === 'opened');
    t.match(opened.objects, [{ kind: 'PeerAuthentication', namespace: STRICT, name: 'default' }]);
  } finally {
    await apply([POLICY]);
  }
  await monitor.event('and its end', 'transition', after, ({ to }) => to === 'closed');
  await monitor.recovers('all is well again');
  await isUnbroken(t, all);
  t.equal((await leader()).metadata.uid, before.metadata.uid);
});
