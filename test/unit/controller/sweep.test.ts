import t from 'tap';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../../controller/sweep.ts';
import type { SweepOptions, SweepProgress } from '../../../controller/sweep.ts';
import type { Cell, Sweep } from '../../../controller/judge/finding.ts';
import type { PlacedVantage } from '../../../controller/plan/plan.ts';
import type { K8sObject, Snapshot } from '../../../controller/snapshot/snapshot.ts';
import type { Outcome } from '../../../proto/outcome.ts';
import { FakeLauncher } from '../../support/fake-launcher.ts';
import type { FakeLauncherOptions, Script } from '../../support/fake-launcher.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const NEVER = new AbortController().signal;
const BATCH: PlacedVantage = {
  vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' },
  workload: 'legacy/batch',
};
const CRON: PlacedVantage = {
  vantage: { namespace: 'legacy', serviceAccount: 'cron', dataPlane: 'naked' },
  workload: 'legacy/cron',
};

function object(kind: string, key: string, spec: unknown, labels: Record<string, string> = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  return { apiVersion: 'v1', kind, metadata: { namespace, name, labels, annotations: {}, ownerReferences: [] }, spec };
}

function pod(key: string, app: string): K8sObject {
  const containers = [{ name: 'app', ports: [{ containerPort: 8080 }] }];
  return object('Pod', key, { serviceAccountName: app, containers }, { app });
}

function service(key: string, app: string): K8sObject {
  return object('Service', key, { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
}

/** Everything is open: nobody has a sidecar and no policy is there. */
const SHOP: Snapshot = {
  objects: [
    pod('legacy/batch', 'batch'),
    pod('legacy/cron', 'cron'),
    pod('shop/pay', 'pay'),
    service('shop/pay', 'pay'),
    pod('shop/cart', 'cart'),
    service('shop/cart', 'cart'),
  ],
  digest: 'one',
  warnings: [],
};

const FACTS = { address: 0, timings: { totalMs: 1 } };
const OPEN: Outcome = { kind: 'reached', ...FACTS, transport: 'plaintext', status: 200 };
const CLOSED: Outcome = { kind: 'refused', ...FACTS, layer: 'tcp', signature: 'connection-refused', detail: '' };

interface Run {
  readonly launcher: FakeLauncher;
  readonly clock: ManualClock;
  readonly events: SweepProgress[];
  readonly result: Promise<Sweep>;
}

function run(
  script: Script,
  given: Partial<Omit<FakeLauncherOptions, 'script'>> = {},
  options: Partial<SweepOptions> = {},
  snapshots: Snapshot[] = [],
  signal: AbortSignal = NEVER,
): Run {
  const launcher = new FakeLauncher({ places: [BATCH, CRON], script, ...given });
  const clock = new ManualClock(Date.now());
  const events: SweepProgress[] = [];
  const deps = {
    launcher,
    clock,
    snapshot: () => Promise.resolve(snapshots.shift() ?? SHOP),
    progress: (event: SweepProgress) => {
      events.push(event);
    },
  };
  const result = sweep(deps, { ...DEFAULT_SWEEP_OPTIONS, ...options }, signal).finally(() =>
    launcher[Symbol.asyncDispose](),
  );
  return { launcher, clock, events, result };
}

/** Moves the clock on while it is time to, until the sweep is through; what travels over sockets takes real time. */
async function outlast({ clock, result, events }: Run, isTime: (last: Progress) => boolean): Promise<Sweep> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  result.then(over, over);
  const isRunning = (): boolean => !isOver;
  while (isRunning()) {
    const last = { phase: '', up: 0, finished: 0 };
    for (const event of events) {
      if (event.kind === 'phase') last.phase = event.name;
      else if (event.kind === 'agents') last.up = event.up;
      else last.finished = event.finished;
    }
    await clock.advance(isTime(last) ? 250 : 0);
  }
  return result;
}

interface Progress {
  readonly phase: string;
  readonly up: number;
  readonly finished: number;
}

function drawn(cells: readonly Cell[]): readonly string[] {
  return cells.map(
    ({ key, outcome }) => `${key}: ${outcome.kind}${outcome.kind === 'untested' ? ` ${outcome.why}` : ''}`,
  );
}

t.test('a sweep measures every planned cell once, and says how far it is', async (t) => {
  const { result, events } = run(() => OPEN);
  const { cells, vantages, targets, snapshot, verdict } = await result;
  t.same(drawn(cells), [
    'legacy/batch (naked) → shop/cart:80 http GET /: reached',
    'legacy/batch (naked) → shop/pay:80 http GET /: reached',
    'legacy/cron (naked) → shop/cart:80 http GET /: reached',
    'legacy/cron (naked) → shop/pay:80 http GET /: reached',
  ]);
  t.ok(cells.every(({ attempts }) => attempts.length === 1));
  t.same(vantages, [BATCH.vantage, CRON.vantage]);
  t.same(
    targets.map(({ name }) => name),
    ['cart', 'pay'],
  );
  t.match(snapshot, { digest: 'one', objects: [{ kind: 'Pod', namespace: 'legacy', name: 'batch' }] });
  t.match(verdict, { value: 'pass', coverage: 1 });
  t.same(
    events.flatMap((event) => (event.kind === 'phase' ? [event.name] : [])),
    ['snapshot', 'connect', 'measure', 'judge'],
  );
  t.match(
    events.findLast((event) => event.kind === 'agents'),
    { up: 2, planned: 2 },
  );
  t.match(
    events.findLast((event) => event.kind === 'tasks'),
    { finished: 4, planned: 4 },
  );
});

t.test('drift is attempted once more, on new connections, before it is reported', async (t) => {
  const { result, events } = run(({ authority }) => (authority.startsWith('pay') ? CLOSED : OPEN));
  const { cells, verdict } = await result;
  t.same(
    cells.map(({ target, drift, attempts }) => [target.name, drift, attempts.length]),
    [
      ['cart', 'agrees', 1],
      ['pay', 'blocked', 2],
      ['cart', 'agrees', 1],
      ['pay', 'blocked', 2],
    ],
  );
  t.equal(verdict.value, 'fail');
  t.ok(events.some((event) => event.kind === 'phase' && event.name === 'confirm'));
});

t.test('a vantage whose agent never comes is unknown, never denied', async (t) => {
  const { cells, verdict } = await outlast(
    run(() => OPEN, { absent: ['legacy/cron (naked)'] }, { heartbeatIntervalMs: 60_000, lostAfterMs: 60_000 }),
    ({ phase, up }) => {
      return phase === 'connect' && up === 1;
    },
  );
  t.same(drawn(cells).slice(2), [
    'legacy/cron (naked) → shop/cart:80 http GET /: untested no-agent',
    'legacy/cron (naked) → shop/pay:80 http GET /: untested no-agent',
  ]);
  t.match(verdict, { value: 'inconclusive', coverage: 0.5 });
});

t.test('what an agent had not reported when its process ended is unknown', async (t) => {
  const script: Script = ({ authority }, _attempt, agent) => {
    if (!authority.startsWith('pay') || agent !== scene.launcher.agents.get('legacy/cron (naked)')) return OPEN;
    void agent.message('ack').then(() => {
      scene.launcher.lose('legacy/cron (naked)', 'the process was ended by SIGKILL');
    });
    return undefined;
  };
  const scene: Run = run(script);
  const { cells, verdict } = await scene.result;
  t.same(drawn(cells).slice(2), [
    'legacy/cron (naked) → shop/cart:80 http GET /: reached',
    'legacy/cron (naked) → shop/pay:80 http GET /: untested agent-lost',
  ]);
  t.match(cells[3]?.outcome, { detail: /ended by SIGKILL/ });
  t.equal(verdict.value, 'inconclusive');
});

t.test('an agent whose stream is cut and does not come back is given up after its grace', async (t) => {
  const script: Script = (_task, _attempt, agent) => {
    if (agent !== scene.launcher.agents.get('legacy/cron (naked)')) return OPEN;
    agent.cut();
    return undefined;
  };
  const scene: Run = run(script);
  const { cells } = await outlast(scene, ({ phase, finished }) => phase === 'measure' && finished === 2);
  t.same(drawn(cells).slice(2), [
    'legacy/cron (naked) → shop/cart:80 http GET /: untested agent-lost',
    'legacy/cron (naked) → shop/pay:80 http GET /: untested agent-lost',
  ]);
});

t.test('an agent that stays and reports nothing does not hold the sweep for ever', async (t) => {
  const scene = run(
    ({ authority }) => (authority.startsWith('pay') ? undefined : OPEN),
    {},
    { measureWithinMs: 10_000, lostAfterMs: 60_000 },
  );
  const { cells, verdict } = await outlast(scene, ({ phase, finished }) => phase === 'measure' && finished === 2);
  t.match(drawn(cells)[1], /untested cancelled/);
  t.equal(verdict.value, 'inconclusive');
});

t.test('what an agent could not test because it was not fit is attempted again when it may be', async (t) => {
  const starved: Outcome = { kind: 'untested', why: 'agent-starved', detail: 'loop lag' };
  const slots = new Set<number>();
  const scene = run(
    ({ authority, slot }) => (authority.startsWith('pay') && slots.add(slot).size <= 2 ? starved : OPEN),
    {},
    { heartbeatIntervalMs: 60_000, lostAfterMs: 60_000 },
  );
  const { cells, verdict } = await outlast(scene, ({ phase, finished }) => phase === 'measure' && finished > 0);
  t.same(
    cells.map(({ outcome, attempts }) => [outcome.kind, attempts.map((attempt) => attempt.outcome.kind)]),
    [
      ['reached', ['reached']],
      ['reached', ['untested', 'untested', 'reached']],
      ['reached', ['reached']],
      ['reached', ['untested', 'untested', 'reached']],
    ],
  );
  t.match(verdict, { value: 'pass', counts: { flapping: 0 } });
});

t.test('an agent that never becomes fit is given up after a few rounds', async (t) => {
  const starved: Outcome = { kind: 'untested', why: 'agent-starved', detail: 'loop lag' };
  const scene = run(() => starved, {}, { heartbeatIntervalMs: 60_000, lostAfterMs: 60_000 });
  const { cells, verdict } = await outlast(scene, ({ phase, finished }) => phase === 'measure' && finished > 0);
  t.ok(cells.every(({ outcome, attempts }) => outcome.kind === 'untested' && attempts.length === 4));
  t.match(verdict, { value: 'inconclusive', coverage: 0 });
});

t.test('where nothing is to be dialled the cell says so', async (t) => {
  const { cells } = await run(() => OPEN, { addresses: { 'shop/pay:80': [] } }).result;
  t.same(
    cells.map(({ outcome }) => (outcome.kind === 'untested' ? outcome.why : outcome.kind)),
    ['reached', 'no-address', 'reached', 'no-address'],
  );
});

const LATER: Readonly<Record<string, readonly K8sObject[]>> = {
  'a policy that refuses what was measured to be open': [...SHOP.objects, object('NetworkPolicy', 'shop/none', {})].map(
    (one) => (one.kind === 'NetworkPolicy' ? { ...one, apiVersion: 'networking.k8s.io/v1' } : one),
  ),
  'a target that nobody has measured': [...SHOP.objects, pod('shop/new', 'new'), service('shop/new', 'new')],
  'a target that is gone': SHOP.objects.filter(({ metadata }) => metadata.name !== 'cart'),
};

t.test('nothing passes against a declared state that changed under the sweep', async (t) => {
  for (const [what, objects] of Object.entries(LATER)) {
    const { verdict } = await run(() => OPEN, {}, {}, [SHOP, { ...SHOP, objects, digest: 'two' }]).result;
    t.match(verdict, { value: 'inconclusive', coverage: 1, why: /changed/ }, what);
  }
});

t.test('a change that has no part in what was measured takes nothing from a pass', async (t) => {
  const objects = [...SHOP.objects, object('NetworkPolicy', 'elsewhere/none', {})];
  const { verdict } = await run(() => OPEN, {}, {}, [SHOP, { ...SHOP, objects, digest: 'two' }]).result;
  t.match(verdict, { value: 'pass', coverage: 1 });
});

t.test('drift against a state that was replaced meanwhile is unknown', async (t) => {
  const objects = [
    ...SHOP.objects,
    { ...object('NetworkPolicy', 'shop/none', {}), apiVersion: 'networking.k8s.io/v1' },
  ];
  const silent: Outcome = { kind: 'silent', ...FACTS, layer: 'tcp', afterMs: 2000 };
  const { cells } = await run(({ authority }) => (authority.startsWith('pay') ? silent : OPEN), {}, {}, [
    SHOP,
    { ...SHOP, objects, digest: 'two' },
  ]).result;
  const batch = cells.filter(({ source }) => source === 'legacy/batch');
  t.same(
    batch.map(({ target, drift, cause }) => [target.name, drift, cause?.code]),
    [
      ['cart', 'agrees', undefined],
      ['pay', 'unknown', 'MP1013'],
    ],
  );
});

t.test('an aborted sweep rejects with the reason and leaves no stream behind', async (t) => {
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  const scene = run(
    () => {
      interruption.abort(reason);
      return undefined;
    },
    {},
    {},
    [],
    interruption.signal,
  );
  await t.rejects(scene.result, reason);
  for (const agent of scene.launcher.agents.values()) await agent.ended;
});

t.test('a launcher that cannot start agents is an error, not a result', async (t) => {
  const launcher = new FakeLauncher({ places: [BATCH], script: () => OPEN });
  const broken = Object.assign(launcher, { launch: () => Promise.reject(new Error('no processes left')) });
  const deps = {
    launcher: broken,
    clock: new ManualClock(Date.now()),
    snapshot: () => Promise.resolve(SHOP),
    progress: () => undefined,
  };
  await t.rejects(sweep(deps, DEFAULT_SWEEP_OPTIONS, NEVER), /no processes left/);
});

/** By the clock that the test moves. */
function tookMs({ startedAt, finishedAt }: Sweep): number {
  return Date.parse(finishedAt) - Date.parse(startedAt);
}

t.test(
  'drift is not confirmed before a change had time to arrive everywhere, and what agrees is not kept waiting',
  async (t) => {
    const settling = { settleMs: 10_000 };
    const drifting = await outlast(
      run(() => CLOSED, {}, settling),
      ({ phase }) => phase === 'confirm',
    );
    t.equal(tookMs(drifting), 10_000);
    t.ok(drifting.cells.every(({ drift, attempts }) => drift === 'blocked' && attempts.length === 2));
    t.equal(tookMs(await run(() => OPEN, {}, settling).result), 0);
  },
);

t.test('no more attempts a second on a target than it is to bear, whoever makes them', async (t) => {
  const scene = run(() => OPEN, {}, { attemptsPerSecond: 1 });
  const swept = await outlast(scene, ({ finished }) => finished === 2);
  t.same(
    drawn(swept.cells).filter((line) => !line.endsWith('reached')),
    [],
  );
  t.equal(tookMs(swept), 1000);
});

t.test('what could not be handed out in time is not measured, and says so', async (t) => {
  const scene = run(() => OPEN, {}, { attemptsPerSecond: 1, measureWithinMs: 500 });
  const swept = await outlast(scene, ({ finished }) => finished === 2);
  t.same(
    drawn(swept.cells).filter((line) => !line.endsWith('reached')),
    [
      'legacy/cron (naked) → shop/cart:80 http GET /: untested cancelled',
      'legacy/cron (naked) → shop/pay:80 http GET /: untested cancelled',
    ],
  );
});

t.test('a cell whose endpoints differ is attempted until each of them was met', async (t) => {
  const meshed = pod('shop/mix-1', 'mix');
  const mix: Snapshot = {
    objects: [
      ...SHOP.objects.filter(({ metadata: { namespace } }) => namespace === 'legacy'),
      { ...meshed, metadata: { ...meshed.metadata, labels: { app: 'mix', 'sidecar.istio.io/inject': 'true' } } },
      pod('shop/mix-2', 'mix'),
      service('shop/mix', 'mix'),
      {
        ...object('PeerAuthentication', 'shop/default', { mtls: { mode: 'STRICT' } }),
        apiVersion: 'security.istio.io/v1',
      },
    ],
    digest: 'mixed',
    warnings: [],
  };
  const cut: Outcome = { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' };
  const sweepOf = async (strictAnswersAt: number): Promise<readonly [Cell | undefined, number]> => {
    let attempts = 0;
    const script: Script = (task) => {
      if (!task.authority.startsWith('mix.')) return OPEN;
      attempts += 1;
      return attempts === strictAnswersAt ? cut : OPEN;
    };
    const snapshots = [mix, mix];
    const { result } = run(script, { places: [BATCH] }, {}, snapshots);
    const { cells } = await result;
    return [cells.find(({ target }) => target.name === 'mix'), attempts];
  };

  const [met, attempts] = await sweepOf(5);
  t.match(met, { expectation: { expect: 'mixed' }, drift: 'agrees' });
  t.equal(attempts, 6, 'two at a time, until the fifth met the endpoint with a sidecar');
  const [unmet, all] = await sweepOf(1000);
  t.match(unmet, { drift: 'unknown', cause: { code: 'MP1501' } });
  t.equal(all, 12, 'and five times again at the most');
});
