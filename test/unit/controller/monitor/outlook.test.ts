import t from 'tap';
import type { Conflict, Drift } from '../../../../controller/judge/finding.ts';
import { declaredState } from '../../../../controller/monitor/declared-state.ts';
import type { AgentNow, Current, RouteNow } from '../../../../controller/monitor/current.ts';
import { Outlook, sweepOf } from '../../../../controller/monitor/outlook.ts';
import type { Told, View } from '../../../../controller/monitor/outlook.ts';
import type { Times } from '../../../../controller/monitor/standing-route.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../../../controller/plan/plan.ts';
import { driftingCell, routeNow } from '../../../support/monitored.ts';
import { cause } from '../../../support/sweeps.ts';
import { HOUR_MS } from '../../../support/stepping-clock.ts';

const INTERVAL_MS = 10_000;
const START_MS = Date.parse('2026-01-02T12:00:00Z');

const at = (seconds: number, stepMs = 0): Times => {
  return { wallMs: START_MS + seconds * 1000 + stepMs, monotonicMs: 50_000 + seconds * 1000 };
};

const UP: AgentNow = {
  id: 'web',
  vantage: 'shop/web (sidecar)',
  state: 'up',
  why: '',
  loopLagMs: 1,
  droppedOutcomes: 0,
};
const LOST: AgentNow = { ...UP, state: 'lost', why: 'the process ended' };

const taken = { objects: [], digest: 'abc', warnings: ['odd'] };
const state = declaredState(taken, { snapshot: taken, vantages: [] }, DEFAULT_PLAN_OPTIONS);

const showing = (drift: Drift): RouteNow => routeNow(driftingCell({ source: 'shop/web', to: 'shop/pay:8080' }, drift));

class Scene {
  readonly outlook = new Outlook({ minCoverage: 0.95, failOn: ['drift'] }, INTERVAL_MS, at(0));
  built = 0;

  /** A beat; the declared state is known by then unless `syncedAt` is null. */
  beat(seconds: number, { drift = 'agrees', stepMs = 0, isSynced = true, ...more }: Facts = {}): Told {
    const times = at(seconds, stepMs);
    if (isSynced) this.outlook.synced(times.wallMs, times);
    return this.outlook.conclude({
      state,
      routes: () => {
        this.built += 1;
        return [showing(drift)];
      },
      isSeen: true,
      isChanged: true,
      agents: [UP],
      hindrance: null,
      turns: [],
      keepsRequested: true,
      intervalMs: INTERVAL_MS,
      times,
      ...more,
    });
  }

  at(seconds: number): Current {
    return this.outlook.current(at(seconds));
  }
}

interface Facts extends Partial<View> {
  readonly drift?: Drift;
  readonly stepMs?: number;
  readonly isSynced?: boolean;
}

const ids = ({ sweeps }: Told): readonly string[] => sweeps.map(({ id }) => id);
const kinds = ({ troubles }: Current): readonly string[] => troubles.map(({ kind }) => kind);

t.test('before anything is known, nothing passes', (t) => {
  const { outlook } = new Scene();
  t.match(outlook.current(at(1)), { revision: 0, routes: [], verdict: { value: 'inconclusive', coverage: 0 } });
  t.end();
});

t.test('what is seen is shown, and each change of it is another revision', (t) => {
  const scene = new Scene();
  scene.beat(1);
  t.match(scene.at(2), {
    revision: 1,
    atMs: START_MS + 1000,
    startedAtMs: START_MS,
    intervalMs: INTERVAL_MS,
    snapshot: { digest: 'abc', warnings: ['odd'], syncedAtMs: START_MS + 1000 },
    routes: [{ cell: { drift: 'agrees' } }],
    verdict: { value: 'pass', coverage: 1 },
    agents: [UP],
    troubles: [],
  });
  scene.beat(2, { drift: 'exposed' });
  t.match(scene.at(2), { revision: 2, verdict: { value: 'fail' } });
  t.end();
});

t.test('listeners hear of what has changed, and of nothing else', (t) => {
  const scene = new Scene();
  let heard = 0;
  const stop = scene.outlook.onChange(() => {
    heard += 1;
  });
  scene.beat(1);
  scene.beat(2, { isSeen: false, isChanged: false });
  t.equal(heard, 1);
  t.equal(scene.at(2).revision, 1);
  scene.beat(3, { isSeen: false, isChanged: false, agents: [LOST] });
  t.equal(heard, 2, 'an agent is another than before');
  stop();
  scene.beat(4, { drift: 'exposed' });
  t.equal(heard, 2);
  t.end();
});

t.test('routes are looked at again after an interval, though nothing came in: they may have become stale', (t) => {
  const scene = new Scene();
  scene.beat(1);
  scene.beat(10.9, { isSeen: false, isChanged: false });
  t.equal(scene.built, 1);
  scene.beat(11, { isSeen: false, isChanged: false });
  t.equal(scene.built, 2);
  t.equal(scene.at(11).revision, 2);
  t.end();
});

t.test('a controller that has not looked for three intervals knows nothing', (t) => {
  const scene = new Scene();
  scene.beat(1);
  t.match(scene.at(31), { troubles: [], verdict: { value: 'pass' } });
  const current = scene.at(31.5);
  t.match(current, {
    routes: [{ freshness: 'stale', access: 'unknown', cell: { drift: 'unknown', cause: { code: 'MP1501' } } }],
    verdict: { value: 'inconclusive', coverage: 0, counts: { agrees: 0, unknown: 1 } },
    troubles: [{ kind: 'stalled', sinceMs: START_MS + 1000, message: /^Nothing has been judged since 2/ }],
  });
  t.equal(scene.at(40), current, 'the same, as long as nothing happens');
  scene.beat(32);
  t.match(scene.at(32), { troubles: [], verdict: { value: 'pass' } }, 'until it looks again');
  t.end();
});

t.test('with a stalled controller even what had failed is not known any more', (t) => {
  const scene = new Scene();
  scene.beat(1, { drift: 'exposed' });
  t.match(scene.at(40), { verdict: { value: 'inconclusive', counts: { exposed: 0, unknown: 1 } } });
  t.end();
});

t.test('with trouble nothing passes, and what fails goes on failing', (t) => {
  const scene = new Scene();
  scene.outlook.trouble('store', 'the disk is full', at(1));
  scene.beat(1);
  t.match(scene.at(1), {
    verdict: { value: 'inconclusive', why: 'the disk is full' },
    troubles: [{ kind: 'store', message: 'the disk is full', sinceMs: START_MS + 1000 }],
  });
  scene.outlook.trouble('store', 'the disk is full', at(2));
  scene.beat(2, { drift: 'exposed' });
  t.match(scene.at(2), { verdict: { value: 'fail' }, troubles: [{ sinceMs: START_MS + 1000 }] }, 'since when it is so');
  scene.outlook.over('store');
  scene.beat(3);
  t.match(scene.at(3), { verdict: { value: 'pass' }, troubles: [] });
  t.end();
});

t.test('without any agent that is up nothing passes', (t) => {
  const scene = new Scene();
  scene.beat(1, { agents: [LOST] });
  t.match(scene.at(1), { verdict: { value: 'inconclusive' } });
  t.same(kinds(scene.at(1)), ['no-agents']);
  scene.beat(2, { agents: [LOST, UP] });
  t.same(kinds(scene.at(2)), []);
  scene.beat(3, { agents: [LOST, UP], hindrance: 'the API server is away' });
  t.match(scene.at(3).troubles, [{ kind: 'no-agents', message: 'agents cannot be started: the API server is away' }]);
  t.end();
});

t.test('what was declared three intervals ago may not be declared any more', (t) => {
  const scene = new Scene();
  scene.beat(1);
  scene.beat(31, { isSynced: false });
  t.same(kinds(scene.at(31)), []);
  scene.beat(31.5, { isSynced: false });
  t.match(scene.at(31.5), { verdict: { value: 'inconclusive' }, troubles: [{ kind: 'cluster' }] });
  scene.beat(32);
  t.same(kinds(scene.at(32)), []);
  t.end();
});

t.test('a source that knows itself to be old is believed', (t) => {
  const scene = new Scene();
  scene.outlook.synced(START_MS - 30_000, at(1));
  scene.beat(1, { isSynced: false });
  t.same(kinds(scene.at(1)), ['cluster']);
  t.end();
});

t.test('where the declared state was never known, why is told', (t) => {
  const scene = new Scene();
  scene.outlook.trouble('cluster', 'policies.yaml: cannot be read', at(1));
  scene.beat(1, { state: undefined, isSynced: false, agents: [], routes: () => [] });
  t.match(scene.at(1), {
    routes: [],
    verdict: { value: 'inconclusive' },
    troubles: [{ kind: 'cluster', message: 'policies.yaml: cannot be read' }],
  });
  t.end();
});

t.test('a clock that was set is trouble for three intervals', (t) => {
  for (const stepMs of [HOUR_MS, -HOUR_MS]) {
    const scene = new Scene();
    scene.beat(1);
    scene.beat(2, { stepMs });
    t.match(scene.at(2), { verdict: { value: 'inconclusive' }, troubles: [{ kind: 'clock' }] }, String(stepMs));
    t.match(scene.at(2).troubles[0]?.message, `${stepMs > 0 ? '' : '-'}3600 s`);
    scene.beat(32, { stepMs });
    t.same(kinds(scene.at(32)), ['clock'], String(stepMs));
    scene.beat(32.5, { stepMs });
    t.same(kinds(scene.at(32.5)), [], String(stepMs));
  }
  t.end();
});

t.test('a clock that is slewed is not', (t) => {
  const scene = new Scene();
  scene.beat(1);
  scene.beat(2, { stepMs: 29_000 });
  t.same(kinds(scene.at(2)), []);
  t.end();
});

t.test('a source that falls silent is old, however the clock was set back', (t) => {
  const scene = new Scene();
  scene.beat(1);
  scene.beat(2, { isSynced: false, stepMs: -HOUR_MS });
  scene.beat(40, { isSynced: false, stepMs: -HOUR_MS });
  t.same(kinds(scene.at(40)), ['cluster']);
  t.end();
});

const TURN = { id: 'first', trigger: 'interval', began: at(1) } as const;

t.test('a pass that is complete is told, with the verdict of that moment', (t) => {
  const scene = new Scene();
  const { events, sweeps } = scene.beat(11, { turns: [TURN] });
  const summary = {
    id: 'first',
    trigger: 'interval',
    startedAtMs: START_MS + 1000,
    finishedAtMs: START_MS + 11_000,
    snapshotDigest: 'abc',
    verdict: { value: 'pass' },
  };
  t.match(events, [{ kind: 'sweep', atMs: START_MS + 11_000, sweep: summary }]);
  t.match(scene.at(11).lastSweep, summary);
  t.equal(sweeps.length, 1, 'the first is kept whole');
  t.end();
});

t.test('kept whole are those that were asked for, and those whose verdict is another one than before', (t) => {
  const scene = new Scene();
  scene.beat(10, { turns: [TURN] });
  t.same(ids(scene.beat(20, { turns: [{ ...TURN, id: 'same' }] })), []);
  t.same(ids(scene.beat(30, { turns: [{ ...TURN, id: 'worse' }], drift: 'exposed' })), ['worse']);
  const both = [
    { ...TURN, id: 'asked', trigger: 'request' as const },
    { ...TURN, id: 'again' },
  ];
  t.same(ids(scene.beat(40, { turns: both, drift: 'exposed' })), ['asked']);
  t.equal(scene.at(40).lastSweep?.id, 'again');
  t.same(ids(scene.beat(50, { turns: both, drift: 'exposed', keepsRequested: false })), [], 'nobody wants it');
  t.same(ids(scene.beat(60, { turns: both, keepsRequested: false })), ['asked', 'again'], 'another verdict');
  t.end();
});

t.test('the verdict is that of the routes beside it, whether or not a change of them is told', (t) => {
  const scene = new Scene();
  scene.beat(1, { drift: 'unknown' });
  t.match(scene.at(1).verdict, { value: 'inconclusive', coverage: 0 });
  scene.beat(2, { isChanged: false });
  t.match(scene.at(2).verdict, { value: 'pass', coverage: 1 }, 'heard again');
  scene.beat(3, { drift: 'unknown', isSeen: false, isChanged: false });
  t.match(scene.at(3).verdict, { value: 'pass', coverage: 1 }, 'nothing was looked at');
  scene.beat(12, { drift: 'unknown', isSeen: false, isChanged: false });
  t.match(scene.at(12).verdict, { value: 'inconclusive', coverage: 0 }, 'too old by then');
  t.end();
});

t.test('a matrix makes the sweep that it would be', (t) => {
  const scene = new Scene();
  scene.beat(11, { turns: [TURN] });
  const current = scene.at(11);
  if (current.lastSweep === null) throw new Error('no sweep');
  const none: readonly Conflict[] = [];
  t.match(sweepOf(current, current.lastSweep), {
    id: 'first',
    startedAt: '2026-01-02T12:00:01.000Z',
    finishedAt: '2026-01-02T12:00:11.000Z',
    vantages: [{ serviceAccount: 'web' }],
    targets: [{ name: 'pay' }],
    cells: [{ drift: 'agrees' }],
    conflicts: none,
    verdict: { value: 'pass' },
  });
  t.end();
});

t.test('what a former controller has told is over when it is known to be, and not before', (t) => {
  const conflict = { severity: 'error', cause: cause('MP1102', 'It contradicts itself.', 'a'), cells: [] } as const;
  const standing = { ...conflict, isConfirmed: true };
  const outlook = new Outlook({ minCoverage: 0.95, failOn: ['drift'] }, INTERVAL_MS, at(0), [standing]);
  const facts = {
    routes: () => [],
    isSeen: true,
    isChanged: true,
    agents: [UP],
    hindrance: null,
    turns: [],
    keepsRequested: false,
  };
  const beat = (seconds: number, declared: View['state']): Told =>
    outlook.conclude({ ...facts, state: declared, intervalMs: INTERVAL_MS, times: at(seconds) });
  t.same(beat(1, undefined).events, []);
  t.match(beat(2, state).events, [{ kind: 'conflict', isOver: true, conflict: standing }]);
  t.same(beat(3, state).events, []);
  t.end();
});
