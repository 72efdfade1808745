/** Sweeps that are ended in every rude way: the exit status tells, and what they made goes by itself. */
import t from 'tap';
import { traces } from './harness/installation.ts';
import { kill } from './harness/killing.ts';
import { apply, eventually, get, kubectl, rolledOut } from './harness/kubectl.ts';
import type { Found } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { startMatrix } from './harness/sweeps.ts';
import { MIXED, PLAIN, STRICT } from './mesh/healthy.ts';
import { OWN_NAMESPACE, PREFIX } from './mesh/lane.ts';
import { accountOf, namespaceOf, serviceOf, workloadOf } from './mesh/objects.ts';
import type { CliProcess } from '../support/cli-process.ts';

t.setTimeout(600_000);

const DOOMED = `${PREFIX}doomed`;
const options = { skip: withoutCluster(), timeout: 180_000 };
const NAMESPACES = [MIXED, PLAIN];
/** Of the sweep; probe pods and the Job end by themselves some time after it. */
const SHORT = ['--timeout', '45s'];

/** As attempts on a pod are paced, a sweep of it takes so long that it is under way whatever befalls it. */
const MANY_PORTS = 25;

/** Pods that this sweep alone has made, running; the lane has no other at the time. `role`: probe or controller. */
async function podsOf(role: string, before: ReadonlySet<string>): Promise<readonly Found[]> {
  const pods = await get('pods', '-A', '-l', `meshproof.io/role=${role}`);
  return pods.filter(
    ({ metadata: { uid, namespace = '' }, status }) =>
      namespace.startsWith(PREFIX) && !before.has(uid) && status?.['phase'] === 'Running',
  );
}

async function allPods(): Promise<ReadonlySet<string>> {
  const pods = await get('pods', '-A', '-l', 'meshproof.io/sweep');
  return new Set(pods.map(({ metadata: { uid } }) => uid));
}

interface Underway extends AsyncDisposable {
  readonly running: CliProcess;
  readonly sweepId: string;
  readonly probes: readonly Found[];
  readonly controllers: readonly Found[];
}

/** Resolves when the probes of the sweep run; the sweep is as far as it gets before it has a result. */
async function underway(namespaces: readonly string[], more: readonly string[] = []): Promise<Underway> {
  const before = await allPods();
  const running = startMatrix({ namespaces, options: [...SHORT, ...more] });
  let probes: readonly Found[] = [];
  await eventually('probe pods run', async () => {
    probes = await podsOf('probe', before);
    return probes.length > 0;
  });
  const controllers = (await podsOf('controller', before)).filter(
    ({ metadata: { namespace } }) => namespace === OWN_NAMESPACE,
  );
  const sweepId = probes[0]?.metadata.labels?.['meshproof.io/sweep'] ?? '';
  return { running, sweepId, probes, controllers, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

let image = '';
t.before(async () => {
  if (options.skip === false) image = await raised();
});

t.test('an interrupted sweep takes everything with it, and ends with 130', options, async (t) => {
  await using begun = await underway(NAMESPACES);
  const { running, sweepId } = begun;
  running.kill('SIGINT');
  t.same(await running.ended, { status: 130, signal: null });
  await eventually('nothing of the sweep is left', async () => (await traces(sweepId)).length === 0);
});

t.test('when the command line is killed, the sweep ends by itself', options, async () => {
  await using begun = await underway(NAMESPACES);
  const { running, sweepId } = begun;
  running.kill('SIGKILL');
  await running.ended;
  await eventually('only the finished Job waits for its end', async () => {
    const left = await traces(sweepId);
    return left.every((one) => one.includes(` ${OWN_NAMESPACE}/meshproof-${sweepId}`));
  });
});

t.test('when the controller is killed, there is no verdict', options, async (t) => {
  await using begun = await underway(NAMESPACES);
  const { running, controllers } = begun;
  t.equal(controllers.length, 1);
  await Promise.all(controllers.map(kill));
  const { status } = await running.ended;
  t.ok(status === 75 || status === 69, `status ${String(status)}: ${running.stderr}`);
});

t.test('when an agent is killed, its cells are unknown', options, async (t) => {
  await using begun = await underway(NAMESPACES, ['--min-coverage', '1']);
  const { running, probes } = begun;
  const victim = probes.find(({ metadata: { namespace } }) => namespace === PLAIN) ?? probes[0];
  if (victim !== undefined) await kill(victim);
  t.same(await running.ended, { status: 75, signal: null }, running.stderr);
});

t.test('when a namespace is deleted under a sweep, there is no verdict', options, async (t) => {
  const numbers = Array.from({ length: MANY_PORTS }, (_, index) => 8080 + index);
  const name = (port: number): string => `http-${String(port)}`;
  await apply([
    namespaceOf(DOOMED, false),
    accountOf(DOOMED, 'doomed'),
    workloadOf(
      {
        name: 'doomed',
        namespace: DOOMED,
        account: 'doomed',
        isMeshed: false,
        ports: numbers.map((port) => ({ name: name(port), containerPort: port, answers: 'http' })),
      },
      image,
    ),
    serviceOf({
      name: 'doomed',
      namespace: DOOMED,
      app: 'doomed',
      ports: numbers.map((port) => ({ name: name(port), port, targetPort: port })),
    }),
  ]);
  await rolledOut([DOOMED]);
  await using begun = await underway([DOOMED, STRICT]);
  const { running } = begun;
  await kubectl(['delete', 'namespace', DOOMED, '--wait=false']);
  const { status } = await running.ended;
  t.not(status, 0, running.stdout);
  t.not(status, 79, running.stdout);
  await eventually('the namespace is gone', async () => {
    const namespaces = await get('namespaces');
    return namespaces.every(({ metadata: { name } }) => name !== DOOMED);
  });
});
