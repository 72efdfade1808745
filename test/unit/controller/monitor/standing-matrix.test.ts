import t from 'tap';
import type { K8sObject, Snapshot } from '../../../../controller/declared/objects.ts';
import type { Dialled } from '../../../../controller/measured/assemble.ts';
import { declaredState } from '../../../../controller/monitor/declared-state.ts';
import type { ChangedObject } from '../../../../controller/monitor/events.ts';
import type { Judged, Redeclared } from '../../../../controller/monitor/matrix-changes.ts';
import type { Round } from '../../../../controller/monitor/rounds.ts';
import { StandingMatrix } from '../../../../controller/monitor/standing-matrix.ts';
import type { MatrixOptions, RememberedRoute } from '../../../../controller/monitor/standing-matrix.ts';
import type { Times } from '../../../../controller/monitor/standing-route.ts';
import type { RouteNow } from '../../../../controller/monitor/current.ts';
import type { RouteState } from '../../../../controller/monitor/route-state.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../../../controller/plan/plan.ts';
import type { Outcome, Untested } from '../../../../proto/outcome.ts';
import type { Target, Vantage } from '../../../../proto/vocabulary.ts';
import { targetKey } from '../../../../proto/vocabulary.ts';
import { ANSWER, peerAuthentication, placed, pod, refusal, service } from '../judge/live-mesh.ts';

const START_MS = Date.parse('2026-01-02T12:00:00Z');
const at = (seconds: number): Times => ({ wallMs: START_MS + seconds * 1000, monotonicMs: seconds * 1000 });

const TO_PAY = 'legacy/batch (naked) → shop/pay:80 http GET /';
const TO_OPEN = 'legacy/batch (naked) → legacy/open:80 http GET /';
const RESET = refusal('application', 'reset');
const NOT_TESTED: Outcome = { kind: 'untested', why: 'internal-fault', detail: 'out of sockets' };
const MISSING: Untested = { kind: 'untested', why: 'no-agent', detail: 'no agent is there' };
const READY = { readinessProbe: { httpGet: { path: '/', port: 8080 } } };
const STRICT = peerAuthentication('shop/default', 'STRICT');
const DELETED: readonly ChangedObject[] = [
  { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', change: 'deleted', resourceVersion: '1' },
];

/** `legacy/batch` calls `shop/pay`, which is meshed and known to live, and `legacy/open`, which is not meshed. */
function shop(...objects: readonly K8sObject[]): Snapshot {
  return {
    digest: '',
    warnings: [],
    objects: [
      pod('shop/pay', { container: READY }),
      service('shop/pay'),
      pod('legacy/batch', { isMeshed: false }),
      pod('legacy/open', { isMeshed: false }),
      service('legacy/open'),
      ...objects,
    ],
  };
}

class Scene {
  readonly matrix: StandingMatrix;
  /** By `targetKey`; otherwise one address. */
  readonly dialled: Record<string, readonly Dialled[]> = {};

  constructor(options: Partial<MatrixOptions> = {}, remembered: readonly RememberedRoute[] = [], nextNumber = 1) {
    const all = { intervalMs: 10_000, settleMs: 0, trusted: [], sessionsAreControl: true, ...options };
    this.matrix = new StandingMatrix(all, remembered, nextNumber);
  }

  declare(snapshot: Snapshot, seconds = 0): Redeclared {
    const vantages = [placed('legacy/batch', 'naked')];
    const state = declaredState(snapshot, { snapshot, vantages }, DEFAULT_PLAN_OPTIONS);
    const addressesOf = (_vantage: Vantage, target: Target): readonly Dialled[] =>
      this.dialled[targetKey(target)] ?? [{ address: { host: '10.0.0.1', port: 8080 } }];
    return this.matrix.redeclare(state, addressesOf, at(seconds));
  }

  /** Rounds of one route that came in before a beat; each as often attempted as it is planned. */
  judge(key: string, seconds: number, ...outcomes: readonly Outcome[]): Judged {
    const route = this.matrix.routes().find((one) => one.key === key);
    if (route === undefined) throw new Error(`${key} is not planned`);
    const rounds = outcomes.map((outcome, index): Round => ({
      asked: null,
      reports: Array.from({ length: route.attempts }, (_, attempt) => {
        const startedAtMs = START_MS + (seconds - outcomes.length + index + 1) * 1000;
        return { route: route.number, slot: index, attempt, startedAtMs, outcome };
      }),
    }));
    const missing = (): Untested => MISSING;
    return this.matrix.judge(new Map([[route.number, rounds]]), at(seconds), missing, () => DELETED);
  }

  now(key: string, seconds: number): RouteNow | undefined {
    return this.matrix.now(at(seconds), () => MISSING).find(({ cell }) => cell.key === key);
  }
}

/** `number: from/access > to/access` of each transition. */
function told({ transitions }: Pick<Judged, 'transitions'>): readonly string[] {
  return transitions.map(
    ({ sequence, drift, access }) => `${String(sequence)}: ${drift.from}/${access.from} > ${drift.to}/${access.to}`,
  );
}

const keysOf = (routes: readonly { readonly key: string }[]): readonly string[] => routes.map(({ key }) => key);

t.test('routes get numbers that are never given again', (t) => {
  const scene = new Scene({}, [], 7);
  const { assigned, gone } = scene.declare(shop());
  t.same(
    assigned.map(({ key, number }) => [key, number]),
    [
      [TO_OPEN, 7],
      [TO_PAY, 8],
    ],
  );
  t.same(gone, []);
  const without = scene.declare({
    ...shop(),
    objects: shop().objects.filter(({ metadata }) => metadata.name !== 'pay'),
  });
  t.same(keysOf(without.gone), [TO_PAY]);
  t.equal(scene.matrix.find(8), undefined);
  t.same(keysOf(without.assigned), []);
  t.same(
    scene.declare(shop()).assigned.map(({ number }) => number),
    [9],
  );
  t.end();
});

t.test('a change of policy assigns nothing anew: numbers, states and what was seen stay', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, RESET);
  const { assigned, gone, changedAnswers } = scene.declare(shop(), 2);
  t.same([assigned, gone, changedAnswers], [[], [], [TO_PAY]]);
  t.match(scene.matrix.routes()[1], { key: TO_PAY, number: 2, state: { drift: 'agrees', access: 'closed' } });
  t.match(scene.now(TO_PAY, 2), { cell: { drift: 'agrees' }, access: 'closed', freshness: 'fresh' });
  t.end();
});

t.test('what is dialled elsewhere, or nowhere, is assigned anew', (t) => {
  const scene = new Scene();
  scene.declare(shop());
  scene.dialled['shop/pay:80'] = [{ address: { host: '10.0.0.2', port: 8080 } }];
  t.same(keysOf(scene.declare(shop()).assigned), [TO_PAY]);
  t.same(keysOf(scene.declare(shop()).assigned), []);
  scene.dialled['shop/pay:80'] = [];
  t.match(scene.declare(shop()).assigned, [{ key: TO_PAY, attempts: 0 }]);
  t.end();
});

const EXPOSED: RouteState = {
  drift: 'exposed',
  access: 'open',
  sinceMs: 5,
  recent: ['exposed'],
  changesAtMs: [],
  sequence: 4,
};

t.test('after a restart routes are known by their keys, and their history goes on', (t) => {
  const remembered = [
    { key: TO_PAY, number: 5, state: EXPOSED },
    { key: 'gone', number: 6, state: EXPOSED },
  ];
  const scene = new Scene({}, remembered, 9);
  const { assigned } = scene.declare(shop(STRICT));
  t.same(
    assigned.map(({ key, number }) => [key, number]),
    [
      [TO_OPEN, 9],
      [TO_PAY, 5],
    ],
  );
  t.same(scene.matrix.takeForgotten(), ['gone']);
  t.same(scene.matrix.takeForgotten(), []);
  t.match(scene.now(TO_PAY, 0), { freshness: 'unmeasured', cell: { drift: 'unknown' } }, 'it was not seen by us');
  t.same(told(scene.judge(TO_PAY, 1, ANSWER)), []);
  t.match(scene.now(TO_PAY, 1), { cell: { drift: 'exposed' }, sinceMs: 5 });
  t.same(told(scene.judge(TO_PAY, 2, RESET, RESET)), ['5: exposed/open > agrees/closed']);
  t.end();
});

t.test('that a route agrees at first is not told, and shown', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  t.match(scene.now(TO_PAY, 0), {
    freshness: 'unmeasured',
    access: 'unknown',
    measuredAtMs: null,
    cell: { drift: 'unknown', cause: { code: 'MP1501', message: /no agent is there/ } },
  });
  const judged = scene.judge(TO_PAY, 1, RESET);
  t.same(told(judged), []);
  t.same(keysOf(judged.changed), [TO_PAY]);
  t.match(judged.seen, [{ route: { key: TO_PAY }, atMs: START_MS + 1000, agrees: true, asked: null }]);
  t.match(scene.now(TO_PAY, 1), {
    freshness: 'fresh',
    access: 'closed',
    measuredAtMs: START_MS + 1000,
    cell: { drift: 'agrees' },
  });
  t.end();
});

t.test('exposed is doubted once, then told with cause and objects, and shown until it is over', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, RESET);
  const once = scene.judge(TO_PAY, 2, ANSWER);
  t.same(told(once), []);
  t.same(keysOf(once.doubtful), [TO_PAY]);
  t.match(scene.now(TO_PAY, 2), { seen: 'exposed', access: 'closed', cell: { drift: 'agrees', cause: null } });
  const twice = scene.judge(TO_PAY, 3, ANSWER);
  t.same(told(twice), ['1: agrees/closed > exposed/open']);
  t.same(twice.doubtful, []);
  t.match(twice.transitions, [
    {
      atMs: START_MS + 3000,
      route: TO_PAY,
      to: 'exposed',
      cause: { code: 'MP1010' },
      objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
      attempts: [{ outcome: ANSWER }],
    },
  ]);
  t.same(keysOf(scene.judge(TO_PAY, 4, RESET).doubtful), [TO_PAY]);
  t.match(scene.now(TO_PAY, 4), { seen: 'agrees', cell: { drift: 'exposed', cause: { code: 'MP1010' } } });
  const over = scene.judge(TO_PAY, 5, RESET);
  t.same(told(over), ['2: exposed/open > agrees/closed']);
  t.match(over.transitions, [{ to: 'agrees', cause: null }]);
  t.end();
});

t.test('several transitions of a beat are told apart', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  t.same(told(scene.judge(TO_PAY, 5, ANSWER, ANSWER, RESET, RESET)), [
    '1: unknown/unknown > exposed/open',
    '2: exposed/open > agrees/closed',
  ]);
  t.match(scene.matrix.routes()[1]?.state, { drift: 'agrees', sequence: 2 });
  t.end();
});

t.test('a route that follows a change is opened by it', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, RESET);
  scene.declare(shop(), 2);
  t.same(told(scene.judge(TO_PAY, 3, RESET)), [], 'it has not arrived yet');
  const judged = scene.judge(TO_PAY, 4, ANSWER);
  t.same(told(judged), ['1: agrees/closed > agrees/open']);
  t.match(judged.transitions, [
    {
      to: 'opened',
      objects: DELETED,
      message: 'legacy/batch → shop/pay:80 answered, since PeerAuthentication shop/default was deleted.',
    },
  ]);
  t.end();
});

t.test('while a change is on its way, drift is shown as suppressed and counts for nothing', (t) => {
  const scene = new Scene({ settleMs: 10_000 });
  scene.declare(shop());
  scene.judge(TO_PAY, 1, ANSWER);
  const before = scene.matrix.routes()[1]?.state;
  scene.declare(shop(STRICT), 20);
  const judged = scene.judge(TO_PAY, 22, ANSWER, ANSWER);
  t.same([told(judged), judged.doubtful, judged.changed], [[], [], []]);
  t.equal(scene.matrix.routes()[1]?.state, before);
  t.match(scene.now(TO_PAY, 22), { suppression: 'fresh-policy', seen: 'exposed', cell: { drift: 'agrees' } });
  t.same(told(scene.judge(TO_PAY, 29, RESET)), ['1: agrees/open > agrees/closed'], 'what agrees counts at once');
  t.same(told(scene.judge(TO_PAY, 32, ANSWER, ANSWER)), ['2: agrees/closed > exposed/open'], 'ten seconds later');
  t.equal(scene.now(TO_PAY, 32)?.suppression, null);
  t.end();
});

t.test('pods that are about to go are no evidence of drift', (t) => {
  const scene = new Scene();
  const ending = pod('legacy/open', { isMeshed: false, metadata: { deletionTimestamp: '2026-01-02T12:00:00Z' } });
  const others = shop().objects.filter(({ kind, metadata }) => kind !== 'Pod' || metadata.name !== 'open');
  scene.declare({ ...shop(), objects: [...others, ending] });
  const judged = scene.judge(TO_OPEN, 4, RESET, RESET, RESET);
  t.same(told(judged), []);
  t.match(scene.now(TO_OPEN, 4), { suppression: 'terminating', seen: 'blocked' });
  t.end();
});

t.test('an answer counts, also of pods that are about to go', (t) => {
  const scene = new Scene();
  const ending = pod('shop/pay', { isMeshed: true, metadata: { deletionTimestamp: '2026-01-02T12:00:00Z' } });
  const { objects, ...rest } = shop(STRICT);
  scene.declare({
    ...rest,
    objects: [...objects.filter(({ kind, metadata }) => kind !== 'Pod' || metadata.name !== 'pay'), ending],
  });
  t.same(told(scene.judge(TO_PAY, 4, ANSWER, ANSWER)), ['1: unknown/unknown > exposed/open']);
  t.match(scene.now(TO_PAY, 4), { suppression: 'terminating', cell: { drift: 'exposed' } });
  t.end();
});

t.test('what was not heard of for three intervals is not known any more, and said so once', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, ANSWER, ANSWER);
  const missing = (): Untested => ({ ...MISSING, detail: 'agent batch: the process ended' });
  t.same(scene.matrix.loseSight(at(31), missing).transitions, []);
  t.match(scene.now(TO_PAY, 31), { freshness: 'fresh', cell: { drift: 'exposed' } });
  const lost = scene.matrix.loseSight(at(31.1), missing);
  t.same(told(lost), ['2: exposed/open > unknown/unknown']);
  t.match(lost.transitions, [
    {
      to: 'unknown',
      atMs: START_MS + 31_100,
      cause: null,
      objects: [],
      attempts: [],
      message: 'legacy/batch → shop/pay:80 is not known any more: agent batch: the process ended.',
    },
  ]);
  t.same(keysOf(lost.changed), [TO_PAY]);
  t.same(scene.matrix.loseSight(at(60), missing).transitions, []);
  t.match(scene.now(TO_PAY, 60), { freshness: 'stale', access: 'unknown', cell: { drift: 'unknown' } });
  t.same(told(scene.judge(TO_PAY, 61, RESET)), ['3: unknown/unknown > agrees/closed']);
  t.end();
});

t.test('a round that lasts longer than three intervals leaves the route known while its attempts come in', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, ANSWER, ANSWER);
  const number = scene.matrix.routes().find(({ key }) => key === TO_PAY)?.number ?? 0;
  const lost = (seconds: number) => told(scene.matrix.loseSight(at(seconds), () => MISSING));
  for (const seconds of [15, 20, 25, 30, 35, 40, 45]) {
    scene.matrix.hear([number], at(seconds));
    t.same(lost(seconds), []);
  }
  t.match(scene.now(TO_PAY, 45), { freshness: 'fresh', cell: { drift: 'exposed' } });
  t.match(scene.now(TO_PAY, 76), { freshness: 'stale', cell: { drift: 'unknown' } }, 'three intervals after the last');
  t.same(lost(76), ['2: exposed/open > unknown/unknown']);
  scene.matrix.hear([number, 99], at(80));
  t.match(scene.now(TO_PAY, 80), { freshness: 'stale' }, 'what was too old is known with a whole round only');
  scene.judge(TO_PAY, 85, RESET);
  t.match(scene.now(TO_PAY, 85), { freshness: 'fresh' });
  t.end();
});

t.test('where an attempt may last longer than its interval, it is waited for', (t) => {
  const scene = new Scene({ intervalMs: 1000 });
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, RESET);
  t.match(scene.now(TO_PAY, 8), { freshness: 'fresh' }, 'two intervals and the five seconds of an attempt');
  t.match(scene.now(TO_PAY, 8.1), { freshness: 'stale' });
  t.end();
});

t.test('what is reported and tested nothing keeps no route fresh', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  scene.judge(TO_PAY, 1, RESET);
  t.same(told(scene.judge(TO_PAY, 25, NOT_TESTED, NOT_TESTED)), []);
  t.match(scene.now(TO_PAY, 32), { freshness: 'stale', cell: { drift: 'unknown' } });
  t.same(told(scene.judge(TO_PAY, 32, NOT_TESTED)), ['1: agrees/closed > unknown/unknown']);
  t.end();
});

t.test('of a route without anything to dial any more, that is why nothing is known of it', (t) => {
  const scene = new Scene();
  scene.declare(shop());
  scene.judge(TO_OPEN, 1, ANSWER);
  scene.dialled['legacy/open:80'] = [];
  scene.declare(shop(), 2);
  const { transitions } = scene.matrix.loseSight(at(40), () => MISSING);
  t.match(transitions, [{ to: 'unknown', message: /nothing is there to be dialled/ }]);
  t.end();
});

t.test('a refusal says nothing where nothing shows that the target lives', (t) => {
  const scene = new Scene({ sessionsAreControl: true });
  const dead = shop(STRICT).objects.map((one) =>
    one.metadata.name === 'pay' && one.kind === 'Pod' ? pod('shop/pay') : one,
  );
  scene.declare({ ...shop(), objects: dead });
  scene.judge(TO_PAY, 1, RESET);
  t.match(scene.now(TO_PAY, 1), { seen: 'unknown', cell: { drift: 'unknown', cause: { code: 'MP1506' } } });
  t.end();
});

t.test('a route that flaps is marked', (t) => {
  const scene = new Scene();
  scene.declare(shop(STRICT));
  const judged = scene.judge(TO_PAY, 20, RESET, ANSWER, ANSWER, RESET, RESET, ANSWER, ANSWER, RESET, RESET);
  t.equal(judged.transitions.length, 4);
  t.match(scene.now(TO_PAY, 20), { isFlapping: true, cell: { isFlapping: true } });
  t.end();
});

t.test('reports on routes that are gone by now are let be', (t) => {
  const scene = new Scene();
  scene.declare(shop());
  const rounds = new Map([[99, [{ asked: null, reports: [] }]]]);
  const judged = scene.matrix.judge(
    rounds,
    at(1),
    () => MISSING,
    () => undefined,
  );
  t.same(judged, { transitions: [], changed: [], doubtful: [], seen: [] });
  t.end();
});
