import t from 'tap';
import type { K8sObject } from '../../../../../controller/declared/objects.ts';
import { fields, text } from '../../../../../controller/declared/reading.ts';
import { KubernetesLauncher } from '../../../../../controller/fleet/kubernetes/launcher.ts';
import type { ReadToken } from '../../../../../controller/fleet/kubernetes/token-check.ts';
import type { ControllerEndpoint } from '../../../../../controller/fleet/launcher.ts';
import { MeshproofError } from '../../../../../proto/errors.ts';
import type { Vantage } from '../../../../../proto/vocabulary.ts';
import { vantageKey } from '../../../../../proto/vocabulary.ts';
import { FakeProbeApi, POD_RUNNING } from '../../../../support/fake-probe-api.ts';
import { livePod, liveObject, liveSnapshot, namespaceObject } from '../../../../support/live-objects.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const SHOP = namespaceObject('shop', { 'istio-injection': 'enabled' });
const WEB = livePod('shop/web-1', { account: 'web', hasSidecar: true });
const BATCH = livePod('legacy/batch-1', { account: 'batch' });
const OWN_POD = {
  metadata: { name: 'sweep-x', namespace: 'meshproof', uid: 'own-uid', labels: { 'meshproof.io/role': 'controller' } },
  spec: { containers: [{ name: 'meshproof', image: 'registry.example/meshproof:1', command: ['node', 'm.js'] }] },
};
const KEYS = ['legacy/batch (naked)', 'meshproof/meshproof-prober (naked)', 'shop/web (sidecar)'];

const WEB_VANTAGE = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' } as const;

class Scene implements AsyncDisposable {
  readonly api = new FakeProbeApi();
  readonly clock = new ManualClock();
  readonly launcher: KubernetesLauncher;
  readonly expected: string[] = [];
  readonly lost: string[] = [];
  readonly notes: string[] = [];
  readonly stop = new AbortController();
  readonly #endpoint: ControllerEndpoint = {
    address: { host: '10.0.9.9', port: 7443 },
    caPem: 'CA',
    expect: (_agentId, vantage) => this.expected.push(vantageKey(vantage)),
    joinTokenFor: () => '',
  };

  constructor(read: ReadToken = () => Promise.resolve({ kind: 'refused', why: 'nobody' }), sweepId = 'k7w2') {
    const own = { podName: 'sweep-x', namespace: 'meshproof', host: '10.0.9.9', sweepId };
    this.launcher = new KubernetesLauncher(
      this.api,
      OWN_POD,
      read,
      { own, namespaces: 'all', deadlineMs: 90_500 },
      { clock: this.clock, debug: () => undefined, note: (message) => this.notes.push(message) },
    );
    this.launcher.onLost((agentId, why) => this.lost.push(`${this.accountOf(agentId)}: ${why}`));
  }

  place(...more: readonly K8sObject[]): readonly Vantage[] {
    const { vantages } = this.launcher.place(liveSnapshot(SHOP, WEB, BATCH, ...more));
    return vantages.map(({ vantage }) => vantage);
  }

  launch(vantages: readonly Vantage[]): Promise<void> {
    return this.launcher.launch(vantages, this.#endpoint, this.stop.signal);
  }

  accountOf(agentId: string): string {
    return /^meshproof-[^-]+-(.*)-[^-]+$/.exec(agentId)?.[1] ?? agentId;
  }

  get accounts(): readonly string[] {
    return [...this.api.jobs.keys()].map((name) => this.accountOf(name)).sort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.launcher[Symbol.asyncDispose]();
  }
}

t.test('agents find their controller at the address of its pod', async (t) => {
  await using scene = new Scene();
  t.match(scene.launcher.meeting, { listen: { host: '0.0.0.0', port: 7443 }, host: '10.0.9.9' });
});

t.test('each vantage gets a Job of its own, and is awaited', async (t) => {
  await using scene = new Scene();
  const vantages = scene.place();
  t.strictSame(vantages.map(vantageKey), KEYS);
  await scene.launch(vantages);
  t.strictSame(scene.expected, KEYS);
  t.strictSame(scene.accounts, ['batch', 'meshproof-prober', 'web']);
  t.strictSame(scene.lost, []);
  const jobs = [...scene.api.jobs.values()];
  for (const job of jobs) t.equal(fields(job, 'spec')['activeDeadlineSeconds'], 91);
  const owners = jobs.map((job) => [
    text(fields(job, 'metadata')['namespace']),
    fields(job, 'metadata')['ownerReferences'],
  ]);
  t.strictSame(owners, [
    ['legacy', undefined],
    ['meshproof', [{ apiVersion: 'v1', kind: 'Pod', name: 'sweep-x', uid: 'own-uid' }]],
    ['shop', undefined],
  ]);
});

t.test('only those that are asked for', async (t) => {
  await using scene = new Scene();
  await scene.launch(scene.place().slice(0, 1));
  t.strictSame(scene.accounts, ['batch']);
});

t.test('a vantage that cannot have a probe is told why, and the others go on', async (t) => {
  await using scene = new Scene();
  const selector = { 'app.kubernetes.io/part-of': 'meshproof' };
  const vantages = scene.place(liveObject('Service', 'legacy/all', { spec: { selector } }));
  scene.api.rejections.set('web', 'exceeded quota: jobs');
  await scene.launch(vantages);
  t.strictSame(scene.accounts, ['meshproof-prober']);
  t.strictSame(scene.expected, KEYS, 'all are awaited, so that their cells have a reason');
  t.strictSame(scene.lost, [
    'batch: the selector of Service legacy/all would take a probe pod for its own',
    'web: its Job was not admitted: exceeded quota: jobs',
  ]);
});

t.test('nothing is made where a right is missing', async (t) => {
  await using scene = new Scene();
  for (const where of ['', 'shop', 'legacy', 'meshproof']) scene.api.refused.add(`delete jobs ${where}`);
  await t.rejects(scene.launch(scene.place()), { code: 'MPE_NOT_PERMITTED' });
  t.equal(scene.api.jobs.size, 0);
});

t.test('a creation that fails is told of, so that its vantage can be launched again', async (t) => {
  await using scene = new Scene();
  const vantages = scene.place();
  scene.api.beforeAnswer = (call) =>
    call.startsWith('create') && call.includes('-web-')
      ? Promise.reject(new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'away'))
      : Promise.resolve();
  await t.rejects(scene.launch(vantages), { code: 'MPE_CLUSTER_UNREACHABLE' });
  t.strictSame(scene.lost, ['web: its Job may not have come about: away']);
  t.strictSame(scene.accounts, ['batch', 'meshproof-prober']);
  scene.api.beforeAnswer = () => Promise.resolve();
  await scene.launch(vantages.slice(2));
  t.strictSame(scene.accounts, ['batch', 'meshproof-prober', 'web']);
  t.equal(scene.api.deleted.length, 1, 'it may have come about all the same');
});

t.test('a creation that fails ends the launch, and what was made all the same is deleted', async (t) => {
  const scene = new Scene();
  const failure = new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'away');
  let made = 0;
  scene.api.beforeAnswer = (call) => {
    if (call.startsWith('create')) made += 1;
    return made === 2 && call.startsWith('create') ? Promise.reject(failure) : Promise.resolve();
  };
  await t.rejects(scene.launch(scene.place()), { code: 'MPE_CLUSTER_UNREACHABLE' });
  await scene[Symbol.asyncDispose]();
  t.equal(scene.api.jobs.size, 0);
  t.equal(scene.api.deleted.length, 3, 'also the one whose answer was lost');
});

t.test('at the end all Jobs are deleted at once; one that cannot be is said', async (t) => {
  const scene = new Scene();
  await scene.launch(scene.place());
  scene.api.beforeAnswer = (call) =>
    call.startsWith('delete job') && call.includes('-web-') ? Promise.reject(new Error('refused')) : Promise.resolve();
  await scene[Symbol.asyncDispose]();
  t.strictSame(scene.accounts, ['web']);
  t.equal(scene.notes.length, 1);
  t.match(scene.notes[0], /^Job shop\/meshproof-k7w2-web-[0-9a-f]{10} could not be deleted \(refused\)/);
});

t.test('Jobs of two sweeps never meet', async (t) => {
  const names = await Promise.all(
    ['k7w2', 'k7w3'].map(async (sweepId) => {
      await using scene = new Scene(undefined, sweepId);
      await scene.launch(scene.place());
      return [...scene.api.jobs.keys()];
    }),
  );
  t.equal(new Set(names.flat()).size, 6);
});

t.test('the pod of a Job is let in, also when it is there before the answer to its creation', async (t) => {
  let podName = '';
  await using scene = new Scene(() =>
    Promise.resolve({
      kind: 'identity',
      identity: { namespace: 'shop', serviceAccount: 'web', podName, podUid: `uid-${podName}` },
    }),
  );
  scene.place();
  const answered = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<string>();
  scene.api.beforeAnswer = async (call) => {
    if (!call.startsWith('create job')) return;
    asked.resolve(call.slice('create job '.length));
    await answered.promise;
  };
  const launching = scene.launch([WEB_VANTAGE]);
  const agentId = await asked.promise;
  const containers = [{ name: 'agent' }, { name: 'istio-proxy' }];
  podName = scene.api.addPod('shop', agentId, { status: POD_RUNNING, spec: { containers } });
  const claim = { agentId, bootId: 'boot', vantage: WEB_VANTAGE };
  const verdict = scene.launcher.meeting.tokens?.check('token', claim, new AbortController().signal);
  answered.resolve(undefined);
  await launching;
  t.strictSame(await verdict, { kind: 'accepted' });
});

t.test('a vantage that is launched again gets another Job in the place of the first', async (t) => {
  await using scene = new Scene();
  const vantages = scene.place();
  await scene.launch(vantages);
  const [, , first = ''] = scene.api.jobs.keys();
  await scene.launch(vantages.slice(2));
  t.strictSame(scene.lost, ['web: another one takes its place']);
  t.strictSame(scene.api.deleted, [first]);
  t.strictSame(scene.accounts, ['batch', 'meshproof-prober', 'web']);
  t.notOk(scene.api.jobs.has(first));
});

t.test('a vantage that is retired loses its Job, and nobody is told of what becomes of it', async (t) => {
  await using scene = new Scene();
  const vantages = scene.place();
  await scene.launch(vantages);
  await scene.launcher.retire(vantages.slice(2));
  t.strictSame(scene.accounts, ['batch', 'meshproof-prober']);
  for (let second = 0; second < 5; second += 1) await scene.clock.advance(1_000);
  t.strictSame(scene.lost, []);
  const [agentId = ''] = scene.api.deleted;
  const claim = { agentId, bootId: 'boot', vantage: WEB_VANTAGE };
  t.match(await scene.launcher.meeting.tokens?.check('token', claim, new AbortController().signal), {
    kind: 'denied',
    why: /^no agent .* is awaited$/,
  });
});

t.test('what becomes of a pod later reaches whoever listens', async (t) => {
  await using scene = new Scene();
  await scene.launch(scene.place().slice(2));
  const [agentId = ''] = scene.api.jobs.keys();
  scene.api.addPod('shop', agentId, { status: { phase: 'Failed', reason: 'Evicted', message: 'memory' } });
  for (let second = 0; second < 2; second += 1) await scene.clock.advance(1_000);
  t.strictSame(scene.lost, ['web: its pod was ended: Evicted: memory']);
});
