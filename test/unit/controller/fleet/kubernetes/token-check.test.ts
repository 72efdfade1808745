import t from 'tap';
import type { Claim } from '../../../../../controller/fleet/join-tokens.ts';
import { podTokenCheck } from '../../../../../controller/fleet/kubernetes/token-check.ts';
import type { TokenCheckDeps, TokenIdentity } from '../../../../../controller/fleet/kubernetes/token-check.ts';
import { FakeProbeApi, POD_RUNNING } from '../../../../support/fake-probe-api.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const VANTAGE = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' } as const;
const CLAIM: Claim = { agentId: 'job', bootId: 'boot', vantage: VANTAGE };
const IDENTITY: TokenIdentity = {
  namespace: 'shop',
  serviceAccount: 'web',
  podName: 'job-abcde',
  podUid: 'uid-job-abcde',
};
const WITH_SIDECAR = { containers: [{ name: 'agent' }], initContainers: [{ name: 'istio-proxy' }] };

class Scene {
  readonly api = new FakeProbeApi();
  readonly clock = new ManualClock();
  readonly joined: string[] = [];
  readonly misplaced: string[] = [];
  identity = IDENTITY;
  reads = 0;
  settleMs = 0;
  readonly #check;

  constructor(deps: Partial<TokenCheckDeps> = {}) {
    this.api.addPod('shop', 'job', { status: POD_RUNNING, spec: WITH_SIDECAR });
    this.#check = podTokenCheck({
      read: (token) => {
        this.reads += 1;
        if (token === 'bad') return Promise.resolve({ kind: 'refused', why: 'bad' });
        return Promise.resolve({ kind: 'identity', identity: this.identity });
      },
      api: this.api,
      clock: this.clock,
      awaited: (agentId) => Promise.resolve(agentId === 'job' ? { vantage: VANTAGE, jobUid: 'uid-job' } : undefined),
      joined: (agentId) => this.joined.push(agentId),
      misplaced: (agentId, why) => this.misplaced.push(`${agentId}: ${why}`),
      settleMs: () => this.settleMs,
      ...deps,
    });
  }

  check(claim: Partial<Claim> = {}, token = 'good', signal = new AbortController().signal) {
    return this.#check.check(token, { ...CLAIM, ...claim }, signal);
  }
}

t.test('the token of the pod of the Job of the agent is let in', async (t) => {
  const scene = new Scene();
  t.strictSame(await scene.check(), { kind: 'accepted' });
  t.strictSame(scene.joined, ['job']);
});

t.test('whoever is not that very pod is not', async (t) => {
  const cases: readonly (readonly [what: string, change: (scene: Scene) => Promise<unknown>, answer: object])[] = [
    ['a bad token', (scene) => scene.check({}, 'bad'), { kind: 'unauthenticated', why: 'bad' }],
    ['an agent that nobody awaits', (scene) => scene.check({ agentId: 'x' }), { kind: 'denied', why: /awaited/ }],
    [
      'the right agent as another vantage',
      (scene) => scene.check({ vantage: { ...VANTAGE, dataPlane: 'naked' } }),
      { kind: 'denied', why: /not as shop\/web \(naked\)/ },
    ],
    [
      'the token of another account',
      (scene) => {
        scene.identity = { ...IDENTITY, serviceAccount: 'pay' };
        return scene.check();
      },
      { kind: 'denied', why: /that of shop\/pay/ },
    ],
    [
      'the token of a pod of another Job',
      (scene) => {
        scene.api.addPod('shop', 'other', { status: POD_RUNNING });
        scene.identity = { ...IDENTITY, podName: 'other-abcde', podUid: 'uid-other-abcde' };
        return scene.check();
      },
      { kind: 'denied', why: /not made for agent job/ },
    ],
    [
      'the token of a pod that had the name before',
      (scene) => {
        scene.identity = { ...IDENTITY, podUid: 'uid-of-before' };
        return scene.check();
      },
      { kind: 'denied', why: /no more/ },
    ],
    [
      'the token of a pod that was deleted',
      (scene) => {
        scene.api.pods.clear();
        return scene.check();
      },
      { kind: 'denied', why: /no more/ },
    ],
  ];
  for (const [what, change, answer] of cases) {
    const scene = new Scene();
    t.match(await change(scene), answer, what);
    t.strictSame(scene.joined, [], what);
  }
});

t.test('a pod without the sidecar that it was to have is not let in, and its vantage is told why', async (t) => {
  const scene = new Scene();
  scene.api.addPod('shop', 'job', { status: POD_RUNNING });
  t.match(await scene.check(), { kind: 'denied', why: /without a sidecar/ });
  t.match(scene.misplaced, [/^job: .*without a sidecar/]);
});

t.test('a token is asked about once a minute, its pod at every stream', async (t) => {
  const scene = new Scene();
  await scene.check();
  await scene.check();
  t.equal(scene.reads, 1);
  scene.api.pods.clear();
  t.match(await scene.check(), { kind: 'denied' });
  await scene.clock.advance(60_000);
  await scene.check();
  t.equal(scene.reads, 2);
});

t.test('a bad token is asked about every time', async (t) => {
  const scene = new Scene();
  await scene.check({}, 'bad');
  await scene.check({}, 'bad');
  t.equal(scene.reads, 2);
});

t.test('what cannot be told now rejects, so that the agent comes again', async (t) => {
  const scene = new Scene();
  scene.api.beforeAnswer = () => Promise.reject(new Error('the API server is away'));
  await t.rejects(scene.check(), { message: 'the API server is away' });
});

t.test('where networks need a while to put policies in force, the agent waits, once', async (t) => {
  const scene = new Scene();
  scene.settleMs = 4_000;
  let answer: unknown;
  const asked = scene.check().then((given) => (answer = given));
  await scene.clock.advance(0);
  await scene.clock.advance(3_999);
  t.strictSame(scene.joined, ['job'], 'it is known to be there');
  t.equal(answer, undefined);
  await scene.clock.advance(1);
  await asked;
  t.strictSame(answer, { kind: 'accepted' });
  t.strictSame(await scene.check(), { kind: 'accepted' }, 'and not again when it comes back');
});
