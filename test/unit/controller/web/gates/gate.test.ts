/** When a gate measures, for whom, how long it waits, and what it takes for what was before. */
import t from 'tap';
import { MeshproofError } from '../../../../../proto/errors.ts';
import type { Drift } from '../../../../../controller/judge/finding.ts';
import { Gate } from '../../../../../controller/web/gates/gate.ts';
import { matrixBaseline } from '../../../../../controller/web/gates/matrix-baseline.ts';
import type { Question } from '../../../../../controller/web/gates/question.ts';
import { shownBy } from '../../../../../controller/web/shown.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import {
  currentOf,
  drawnCells,
  driftingCell,
  FakeMonitored,
  FakeStore,
  NOON_MS,
  routeNow,
  summary,
  transition,
} from '../../../../support/monitored.ts';

const CELLS = drawnCells({ rows: 2, columns: 2 });
const ROUTE = { source: 'ns-0/app-0', to: 'ns-0/app-1:8080' };
const BUDGET_MS = 7000;
const MINUTE_MS = 60_000;

interface SceneFacts {
  readonly baselines?: NonNullable<ConstructorParameters<typeof Gate>[0]['baselines']>;
  readonly store?: FakeStore;
  readonly cells?: typeof CELLS;
}

const QUESTION: Question = {
  rollout: 'flagger ns-0/app 1',
  isBeginning: false,
  lookbackMs: 0,
  scope: { namespaces: ['ns-0'], services: [] },
  minCoverage: 1,
  isStrict: false,
};

async function scene({ baselines, store = new FakeStore(), cells = CELLS }: SceneFacts = {}) {
  const monitored = new FakeMonitored(currentOf(cells));
  const clock = new ManualClock(NOON_MS);
  const ending = new AbortController();
  const shown = shownBy(monitored);
  const deps = { monitored, shown, events: store.events, clock, ending: ending.signal };
  const gate = new Gate({ ...deps, ...(baselines && { baselines }) });
  await new Promise(setImmediate);
  const ask = (facts: Partial<Question> = {}) =>
    gate.answer({ ...QUESTION, ...facts }, clock.monotonicMs() + BUDGET_MS);
  return {
    ...{ monitored, clock, ending, gate, shown, ask },
    /** Time goes on, and the monitor with it. */
    pass: async (ms: number): Promise<void> => {
      await clock.advance(ms);
      monitored.change({ atMs: clock.nowMs() });
    },
    /** A sweep that began when it was asked for. */
    finish: async (): Promise<void> => {
      monitored.finishSweep({ ...summary('s-2'), startedAtMs: clock.nowMs() });
      await new Promise(setImmediate);
    },
    asked: () => monitored.sweepSignals.length,
  };
}

t.test('one sweep serves all who ask while it is under way, and for an interval after', async (t) => {
  const { ask, finish, asked, pass } = await scene();
  const answers = [ask(), ask({ rollout: 'another' }), ask({ scope: { namespaces: ['ns-9'], services: [] } })];
  await new Promise(setImmediate);
  t.equal(asked(), 1);
  await finish();
  t.same(
    (await Promise.all(answers)).map(({ verdict }) => verdict),
    ['pass', 'pass', 'inconclusive'],
  );
  await pass(2000);
  t.equal((await ask()).verdict, 'pass');
  t.equal(asked(), 1, 'what it found is two seconds old, as is an interval');
  await pass(1);
  const later = ask();
  await new Promise(setImmediate);
  t.equal(asked(), 2);
  await finish();
  t.equal((await later).verdict, 'pass');
});

t.test('a sweep that somebody else had begun long before does not count', async (t) => {
  const { ask, monitored, asked, finish } = await scene();
  const answer = ask();
  await new Promise(setImmediate);
  monitored.finishSweep({ ...summary('old'), startedAtMs: NOON_MS - 30_000 });
  await new Promise(setImmediate);
  t.equal(asked(), 2);
  await finish();
  t.match(await answer, { verdict: 'pass', message: 'ok: 4/4 cells' });
});

t.test('what the sweep did not get to is unknown, however fresh it is', async (t) => {
  const { ask, monitored, finish, pass } = await scene();
  const [first] = CELLS;
  monitored.missed = new Set([first?.key ?? '']);
  const answer = ask();
  await new Promise(setImmediate);
  await finish();
  t.match(await answer, { verdict: 'inconclusive', total: 4, passed: 3, inconclusive: 1 });
  t.match(await ask(), { verdict: 'inconclusive' }, 'who asks soon after is told the same');
  monitored.missed = new Set();
  await pass(2001);
  const later = ask();
  await new Promise(setImmediate);
  await finish();
  t.match(await later, { verdict: 'pass', total: 4 });
});

t.test('a sweep that takes longer: pending, in time; who asks again joins it', async (t) => {
  const { ask, clock, monitored, asked, finish } = await scene();
  let answered = false;
  const answer = ask().finally(() => (answered = true));
  await new Promise(setImmediate);
  for (let at = 0; at < 6; at += 1) {
    await clock.advance(1000);
    monitored.change({ atMs: clock.nowMs() });
  }
  await clock.advance(999);
  t.notOk(answered);
  await clock.advance(1);
  t.match(await answer, { verdict: 'inconclusive', isPending: true, message: 'pending: the mesh is being measured' });
  const again = ask();
  await new Promise(setImmediate);
  t.equal(asked(), 1);
  t.notOk(monitored.sweepSignals[0]?.aborted);
  await finish();
  t.match(await again, { verdict: 'pass', isPending: false });
  t.equal(asked(), 1);
});

t.test('a sweep that always takes longer than anybody waits answers whoever asks again, however late', async (t) => {
  const { ask, pass, clock, asked, finish } = await scene();
  const rollouts = ['flagger ns-0/app 1', 'argo ns-0/app 1'];
  const both = (): Promise<readonly string[]> =>
    Promise.all(rollouts.map(async (rollout) => (await ask({ rollout })).message.replace(/:.*/, '')));
  for (let time = 1; time <= 3; time += 1) {
    const early = both();
    await new Promise(setImmediate);
    await clock.advance(BUDGET_MS);
    t.same(await early, ['pending', 'pending']);
    await pass(1000);
    await finish();
    t.equal(asked(), time);
    await pass(30_000);
    t.same(await both(), ['ok', 'ok']);
    t.equal(asked(), time, 'it is answered with what was found for it');
    await pass(30_000);
  }
  const last = ask();
  await new Promise(setImmediate);
  await clock.advance(BUDGET_MS);
  t.equal((await last).isPending, true);
  await finish();
  await pass(10 * MINUTE_MS + 1);
  void ask();
  await new Promise(setImmediate);
  t.equal(asked(), 5, 'who does not ask again in ten minutes begins anew');
});

t.test('a sweep that fails is no verdict, nor is the end of the controller', async (t) => {
  const { ask, monitored, ending } = await scene();
  const answer = ask();
  await new Promise(setImmediate);
  monitored.failSweep(new Error('the controller stops'));
  t.match(await answer, { verdict: 'inconclusive', message: 'inconclusive: the sweep failed: the controller stops' });
  const last = ask();
  await new Promise(setImmediate);
  ending.abort(new Error('the controller ends'));
  t.match(await last, { verdict: 'inconclusive', message: 'inconclusive: the sweep failed: the controller ends' });
});

t.test('trouble is asked for no sweep, and trouble that comes meanwhile is no verdict', async (t) => {
  const { ask, monitored, asked, finish } = await scene();
  const answer = ask();
  await new Promise(setImmediate);
  const troubles = [{ kind: 'cluster' as const, message: 'the API server is away', sinceMs: NOON_MS }];
  monitored.change({ troubles });
  await finish();
  t.match(await answer, { verdict: 'inconclusive', cause: 'cluster', message: 'inconclusive: the API server is away' });
  t.match(await ask(), { verdict: 'inconclusive', cause: 'cluster' });
  t.equal(asked(), 1);
});

t.test('what the monitor is not sure of is measured again, while there is time', async (t) => {
  const { ask, clock, monitored, asked, finish } = await scene();
  const [first, ...others] = CELLS;
  const unsure = [
    ...(first === undefined ? [] : [routeNow(first, { seen: 'blocked' })]),
    ...others.map((one) => routeNow(one)),
  ];
  monitored.change({ routes: unsure });
  const answer = ask();
  await new Promise(setImmediate);
  await clock.advance(900);
  await finish();
  t.equal(asked(), 2);
  await clock.advance(900);
  await finish();
  t.equal(asked(), 3);
  monitored.changeCells([driftingCell({ source: 'ns-0/app-0', to: 'ns-0/app-0:8080' }, 'blocked')]);
  await finish();
  t.match(await answer, { verdict: 'fail', failed: 1, cause: 'MP1003' });
});

t.test('before is what was a while before the first question, and stays so for the whole rollout', async (t) => {
  const { ask, monitored, pass } = await scene();
  monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS + 10 ** 9 };
  const minutes = { lookbackMs: 5 * MINUTE_MS };
  t.match(await ask(minutes), {
    verdict: 'inconclusive',
    message:
      'inconclusive: what was at 2026-01-02T11:55:00Z, before the rollout, is not known: it is measured since 2026-01-02T12:00:00Z',
  });
  for (let at = 0; at < 5; at += 1) await pass(MINUTE_MS);
  monitored.changeCells([driftingCell(ROUTE, 'exposed')], NOON_MS + 5 * MINUTE_MS);
  t.equal((await ask(minutes)).verdict, 'fail', 'it came with the rollout');
  for (let at = 0; at < 30; at += 1) await pass(MINUTE_MS);
  t.equal((await ask(minutes)).verdict, 'fail', 'and is no old one, as long as that lasts');
  t.match(await ask({ ...minutes, rollout: 'the next one' }), {
    verdict: 'pass',
    message: /1 violation was there before$/,
  });
  t.equal((await ask({ ...minutes, isBeginning: true })).verdict, 'pass', 'nor when it begins anew');
});

t.test('what was more than an hour ago is not remembered; its last state is', async (t) => {
  const { ask, monitored, pass } = await scene();
  monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS + 10 ** 9 };
  for (let at = 0; at < 90; at += 1) await pass(MINUTE_MS);
  t.equal((await ask({ lookbackMs: 60 * MINUTE_MS })).verdict, 'pass');
});

t.test('a baseline by its name, read each time; what cannot be read is no verdict', async (t) => {
  let load = (): Promise<never> =>
    Promise.reject(new MeshproofError('MPE_USAGE', 'there is no baseline b', { hint: 'Did you mean c?' }));
  const names: string[] = [];
  const { ask, monitored, shown, clock } = await scene({
    baselines: {
      load: (name) => {
        names.push(name);
        return load();
      },
    },
  });
  monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS };
  t.match(await ask({ baseline: 'b' }), {
    verdict: 'inconclusive',
    cause: 'MPE_USAGE',
    message: 'inconclusive: there is no baseline b. Did you mean c?',
  });
  const kept = matrixBaseline(shown(), 'b');
  monitored.changeCells([driftingCell(ROUTE, 'exposed')]);
  load = () => Promise.resolve(kept) as Promise<never>;
  t.match(await ask({ baseline: 'b' }), { verdict: 'fail', regressions: 1 });
  t.same(names, ['b', 'b']);
  load = () => new Promise<never>(() => undefined);
  const late = ask({ baseline: 'b' });
  await clock.advance(BUDGET_MS);
  t.match(await late, { isPending: true, message: 'pending: baseline b is being read' });
});

t.test('what became worse shortly before a restart is not what was always so', async (t) => {
  const STARTED_MS = NOON_MS - 3_600_000;
  const exposed = driftingCell(ROUTE, 'exposed');
  const cells = CELLS.map((one) => (one.key === exposed.key ? exposed : one));
  const cases: readonly (readonly [name: string, from: Drift, atMs: number, verdict: string])[] = [
    ['a minute before', 'agrees', STARTED_MS - MINUTE_MS, 'fail'],
    ['two hours before', 'agrees', STARTED_MS - 120 * MINUTE_MS, 'pass'],
    ['it was only found then', 'unknown', STARTED_MS - MINUTE_MS, 'pass'],
    ['it was so before as well', 'exposed', STARTED_MS - MINUTE_MS, 'pass'],
    ['after we began', 'agrees', STARTED_MS + 1, 'pass'],
  ];
  for (const [name, from, atMs, verdict] of cases) {
    const store = new FakeStore();
    store.keep(transition(exposed, { atMs, drift: { from, to: 'exposed' } }), transition(exposed, { atMs }));
    const { ask, monitored } = await scene({ cells, store });
    monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS };
    t.equal((await ask()).verdict, verdict, name);
  }
});

t.test('a store that does not say what was is no pass, until it does', async (t) => {
  const store = new FakeStore();
  store.fault = new Error('the disk is gone');
  const { ask, monitored } = await scene({ store });
  monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS };
  t.match(await ask(), { verdict: 'inconclusive', message: /nothing has been measured$/ });
  store.fault = undefined;
  monitored.change({});
  await new Promise(setImmediate);
  t.equal((await ask()).verdict, 'pass');
});

t.test('nobody listens any more once it is disposed', async (t) => {
  const { gate, monitored } = await scene();
  t.equal(monitored.listeners, 1);
  gate[Symbol.dispose]();
  t.equal(monitored.listeners, 0);
});
