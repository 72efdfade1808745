import t from 'tap';
import { ProbeWatch } from '../../../../../controller/fleet/kubernetes/watch.ts';
import type { ProbeWatchDeps, WatchedProbe } from '../../../../../controller/fleet/kubernetes/watch.ts';
import { FakeProbeApi, POD_RUNNING, POD_STARTING } from '../../../../support/fake-probe-api.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const VANTAGE = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' } as const;

class Scene implements AsyncDisposable {
  readonly api = new FakeProbeApi();
  readonly clock = new ManualClock();
  readonly joined = new Set<string>();
  /** `agent: why after seconds`. */
  readonly lost: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(deps: Partial<ProbeWatchDeps> = {}) {
    const startMs = this.clock.monotonicMs();
    let probes: readonly WatchedProbe[] = [
      { agentId: 'job', vantage: VANTAGE, jobUid: 'uid-job', createdAtMs: startMs },
    ];
    const watch = new ProbeWatch({
      probes: () => probes,
      api: this.api,
      clock: this.clock,
      sweepId: 'k7w2',
      debug: () => undefined,
      hasJoined: (agentId) => this.joined.has(agentId),
      isolation: () => undefined,
      meetingPoint: '10.0.9.9:7443',
      lost: (agentId, why) => {
        probes = [];
        this.lost.push(`${agentId}: ${why} after ${String((this.clock.monotonicMs() - startMs) / 1000)} s`);
      },
      ...deps,
    });
    this.#running = watch.run(this.#stop.signal);
  }

  /** Second by second, so that every look sees what came before it. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) await this.clock.advance(1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

t.test('a pod that comes up and an agent that joins are nobody’s concern', async (t) => {
  await using scene = new Scene();
  scene.api.addPod('shop', 'job', { status: POD_STARTING });
  await scene.pass(1);
  scene.api.addPod('shop', 'job', { status: POD_RUNNING });
  await scene.pass(2);
  scene.joined.add('job');
  await scene.pass(60);
  t.strictSame(scene.lost, []);
});

t.test('a Job whose pod is not admitted is given up as soon as the event is there', async (t) => {
  await using scene = new Scene();
  scene.api.events.set('job', [{ reason: 'FailedCreate', message: 'exceeded quota: q' }]);
  await scene.pass(3);
  t.strictSame(scene.lost, ['job: its pod is not admitted: FailedCreate: exceeded quota: q after 2 s']);
});

t.test('an image that is not there is given up at once', async (t) => {
  await using scene = new Scene();
  const state = { waiting: { reason: 'ErrImageNeverPull', message: 'not present' } };
  scene.api.addPod('shop', 'job', { status: { phase: 'Pending', containerStatuses: [{ name: 'agent', state }] } });
  await scene.pass(1);
  t.strictSame(scene.lost, [
    'job: container agent of its pod does not start: ErrImageNeverPull: not present after 1 s',
  ]);
});

t.test('what may pass by itself is borne for a while, and from its own beginning', async (t) => {
  await using scene = new Scene();
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' };
  const unscheduled = { phase: 'Pending', conditions: [condition] };
  scene.api.addPod('shop', 'job', { status: unscheduled });
  await scene.pass(2);
  scene.api.addPod('shop', 'job', { status: POD_STARTING });
  await scene.pass(2);
  scene.api.addPod('shop', 'job', { status: unscheduled });
  await scene.pass(3);
  t.strictSame(scene.lost, []);
  await scene.pass(1);
  t.strictSame(scene.lost, ['job: its pod finds no node: Unschedulable: 0/1 nodes after 8 s']);
});

t.test('an agent that runs and does not come is given up, sooner where a policy says why', async (t) => {
  const cases: readonly (readonly [isolation: string | undefined, lost: string])[] = [
    [undefined, 'job: its pod runs, but its agent has not come to its controller at 10.0.9.9:7443 after 16 s'],
    ['NetworkPolicy shop/out does not let it', 'job: NetworkPolicy shop/out does not let it after 5 s'],
  ];
  for (const [isolation, lost] of cases) {
    await using scene = new Scene({ isolation: () => isolation });
    scene.api.addPod('shop', 'job', { status: POD_RUNNING });
    await scene.pass(30);
    t.strictSame(scene.lost, [lost]);
  }
});

t.test('a pod that is deleted under its agent is seen at the next look', async (t) => {
  await using scene = new Scene();
  scene.api.addPod('shop', 'job', { status: POD_RUNNING });
  scene.joined.add('job');
  await scene.pass(1);
  scene.api.pods.clear();
  await scene.pass(10);
  t.match(scene.lost, [/^job: its pod was deleted after \d+ s$/]);
});

t.test('the pod of another Job of the sweep is not taken for this one', async (t) => {
  await using scene = new Scene();
  scene.api.addPod('shop', 'other', { status: { phase: 'Failed', reason: 'Evicted' } });
  await scene.pass(5);
  t.strictSame(scene.lost, []);
});

t.test('an API server that is away for a while loses nobody', async (t) => {
  await using scene = new Scene();
  scene.api.addPod('shop', 'job', { status: POD_RUNNING });
  scene.api.beforeAnswer = () => Promise.reject(new Error('connection reset'));
  await scene.pass(10);
  scene.api.beforeAnswer = () => Promise.resolve();
  scene.joined.add('job');
  await scene.pass(10);
  t.strictSame(scene.lost, []);
});
