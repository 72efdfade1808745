import t from 'tap';
import { hash, MIN_INTERVAL_MS, Schedule } from '../../../agent/schedule.ts';
import type { Outcome, Report } from '../../../proto/outcome.ts';
import type { Task } from '../../../proto/vocabulary.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { HOUR_MS, steppingClock } from '../../support/stepping-clock.ts';
import { plannedRoute } from '../../support/planned-route.ts';

const ANSWER: Outcome = { kind: 'reached', address: 0, timings: { totalMs: 1 }, transport: 'plaintext' };

interface Rig extends AsyncDisposable {
  readonly schedule: Schedule;
  readonly clock: ManualClock;
  readonly step: (byMs: number) => void;
  readonly tasks: readonly Task[];
  readonly reports: readonly Report[];
  /** Lets the oldest attempt in flight come to its end. */
  readonly finish: (outcome?: Outcome) => Promise<void>;
}

/** @param holds Attempts stay in flight until `finish`. */
function rig({ maxInFlight = 64, holds = false, startMs = 0 } = {}): Rig {
  const clock = new ManualClock(startMs);
  const stepping = steppingClock(clock);
  const tasks: Task[] = [];
  const reports: Report[] = [];
  const inFlight: PromiseWithResolvers<Outcome>[] = [];
  const schedule = new Schedule({
    clock: stepping,
    agentId: 'a',
    maxInFlight,
    attempt: (task, signal) => {
      tasks.push(task);
      if (!holds) return Promise.resolve(ANSWER);
      const outcome = Promise.withResolvers<Outcome>();
      inFlight.push(outcome);
      signal.addEventListener('abort', () => {
        outcome.resolve({ kind: 'untested', why: 'cancelled', detail: '' });
      });
      return outcome.promise;
    },
    report: (report) => reports.push(report),
  });
  const finish = async (outcome: Outcome = ANSWER): Promise<void> => {
    inFlight.shift()?.resolve(outcome);
    await settled();
  };
  const { step } = stepping;
  return {
    schedule,
    clock,
    step,
    tasks,
    reports,
    finish,
    [Symbol.asyncDispose]: () => schedule[Symbol.asyncDispose](),
  };
}

const settled = (): Promise<void> => new Promise(setImmediate);
const placesOf = (reports: readonly Report[]): readonly string[] =>
  reports.map(({ route, slot, attempt }) => [route, slot, attempt].join('/'));

t.test('a one-time route is attempted as often as planned, its addresses in turn', async (t) => {
  await using run = rig();
  const addresses = [80, 81].map((port) => ({ host: '127.0.0.1', port }));
  run.schedule.replace([plannedRoute(1, { addresses, attempts: 3 })]);
  t.equal(run.schedule.pendingAttempts, 3);
  await settled();
  t.strictSame(placesOf(run.reports), ['1/1/0', '1/1/1', '1/1/2']);
  t.strictSame(
    run.tasks.map(({ address }) => address.port),
    [80, 81, 80],
  );
  t.match(run.reports, [{ outcome: { address: 0 } }, { outcome: { address: 1 } }, { outcome: { address: 0 } }]);
  t.equal(run.schedule.pendingAttempts, 0);
});

t.test('a plan that is sent again does nothing again; a new slot does', async (t) => {
  await using run = rig();
  run.schedule.replace([plannedRoute(1), plannedRoute(2)]);
  await settled();
  run.schedule.replace([plannedRoute(1), plannedRoute(2)]);
  await settled();
  t.strictSame(placesOf(run.reports), ['1/1/0', '2/1/0']);
  run.schedule.change([], [plannedRoute(2, { slot: 2 })]);
  await settled();
  t.strictSame(placesOf(run.reports), ['1/1/0', '2/1/0', '2/2/0']);
});

t.test('attempts of one route follow each other, however many may be in flight', async (t) => {
  await using run = rig({ holds: true });
  run.schedule.replace([plannedRoute(1, { attempts: 2 })]);
  await settled();
  t.equal(run.tasks.length, 1);
  await run.finish();
  t.equal(run.tasks.length, 2);
});

t.test('no more attempts are in flight than allowed', async (t) => {
  await using run = rig({ holds: true, maxInFlight: 2 });
  run.schedule.replace([plannedRoute(1), plannedRoute(2), plannedRoute(3), plannedRoute(4)]);
  await settled();
  t.equal(run.tasks.length, 2);
  await run.finish();
  t.equal(run.tasks.length, 3);
});

t.test('a removed route is cancelled and not reported', async (t) => {
  await using run = rig({ holds: true });
  run.schedule.replace([plannedRoute(1), plannedRoute(2)]);
  await settled();
  run.schedule.change([1], []);
  await settled();
  t.strictSame(run.reports, []);
  t.equal(run.schedule.pendingAttempts, 1);
});

t.test('a route of an unknown kind is reported as untested, for every attempt', async (t) => {
  await using run = rig();
  run.schedule.replace([{ kind: 'unsupported', route: 7, slot: 3, attempts: 2, why: 'too new' }]);
  t.strictSame(placesOf(run.reports), ['7/3/0', '7/3/1']);
  t.match(run.reports[0]?.outcome, { kind: 'untested', why: 'unsupported-probe', detail: 'too new' });
});

t.test('a draining schedule finishes what is in flight and begins nothing', async (t) => {
  await using run = rig({ holds: true, maxInFlight: 1 });
  run.schedule.replace([plannedRoute(1), plannedRoute(2), plannedRoute(3, { intervalMs: 5_000 })]);
  await settled();
  let isDrained = false;
  const drained = run.schedule.drain().then(() => {
    isDrained = true;
  });
  await settled();
  t.equal(isDrained, false);
  await run.finish();
  await drained;
  t.strictSame(placesOf(run.reports), ['1/1/0']);
  run.schedule.replace([plannedRoute(9)]);
  await settled();
  t.equal(run.tasks.length, 1);
});

t.test('a repeated route has its own phase on the wall clock, the same after a restart', async (t) => {
  const phaseMs = hash('a/1') % 10_000;
  for (const startMs of [1_000_000, 1_003_000]) {
    await using run = rig({ startMs });
    run.schedule.replace([plannedRoute(1, { intervalMs: 10_000 })]);
    await run.clock.advance(30_000);
    t.equal(run.reports.length, 3);
    for (const { startedAtMs, slot } of run.reports) {
      t.equal(startedAtMs % 10_000, phaseMs);
      t.equal(slot, Math.floor(startedAtMs / 10_000));
    }
  }
});

t.test('after a pause nothing is caught up', async (t) => {
  await using run = rig({ holds: true });
  run.schedule.replace([plannedRoute(1, { intervalMs: 10_000 })]);
  await run.clock.advance(45_000);
  t.equal(run.tasks.length, 1, 'one attempt at a time');
  await run.finish();
  t.equal(run.tasks.length, 1, 'the slots that passed are gone');
  await run.clock.advance(10_000);
  t.equal(run.tasks.length, 2);
});

t.test('a clock that is set back or on by an hour neither silences a route nor makes it hurry', async (t) => {
  for (const byMs of [-HOUR_MS, HOUR_MS, -4_000, 4_000]) {
    await using run = rig({ startMs: 10 * HOUR_MS });
    run.schedule.replace([plannedRoute(1, { intervalMs: 10_000 })]);
    await run.clock.advance(50_000);
    t.equal(run.reports.length, 5);
    run.step(byMs);
    await run.clock.advance(60_000);
    const after = run.reports.slice(5);
    t.ok(after.length === 5 || after.length === 6, `${String(byMs)} ms: ${String(after.length)} in six intervals`);
    const slots = run.reports.map(({ slot }) => slot);
    t.equal(new Set(slots).size, slots.length, 'no slot twice');
    t.strictSame(
      slots.toSorted((a, b) => a - b),
      slots,
      'in order',
    );
  }
});

t.test('a route that goes on at another pace, or elsewhere, is numbered on: nothing of it seems old', async (t) => {
  await using run = rig({ startMs: 10 * HOUR_MS });
  run.schedule.replace([plannedRoute(1, { intervalMs: 10_000 })]);
  await run.clock.advance(30_000);
  run.schedule.change([], [plannedRoute(1, { intervalMs: 30_000 })]);
  await run.clock.advance(90_000);
  run.step(-HOUR_MS);
  run.schedule.change([], [plannedRoute(1, { intervalMs: 30_000, addresses: [{ host: '127.0.0.2', port: 1 }] })]);
  await run.clock.advance(90_000);
  const slots = run.reports.map(({ slot }) => slot);
  t.equal(slots.length, 9);
  t.strictSame(
    slots.toSorted((a, b) => a - b),
    slots,
  );
  t.equal(new Set(slots).size, slots.length, 'no slot twice');
});

t.test('no plan makes a route faster than once a second', async (t) => {
  await using run = rig();
  run.schedule.replace([plannedRoute(1, { intervalMs: 1 })]);
  await run.clock.advance(5 * MIN_INTERVAL_MS);
  t.equal(MIN_INTERVAL_MS, 1000);
  t.equal(run.reports.length, 5);
});

t.test('routes and agents are spread over the interval', (t) => {
  const phases = Array.from({ length: 100 }, (_, route) => Math.floor((hash(`a/${String(route)}`) % 10_000) / 1_000));
  t.ok(new Set(phases).size >= 9, 'nearly every tenth of the interval has a route');
  t.not(hash('a/1') % 10_000, hash('b/1') % 10_000);
  t.end();
});
