/** What a schedule tells its meter. */
import t from 'tap';
import type { Meter } from '../../../../agent/metrics/meter.ts';
import { Schedule } from '../../../../agent/schedule.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { HOUR_MS, steppingClock } from '../../../support/stepping-clock.ts';
import { plannedRoute } from '../../../support/planned-route.ts';

const ANSWER: Outcome = { kind: 'reached', address: 0, timings: { totalMs: 1 }, transport: 'plaintext' };

interface Rig extends AsyncDisposable {
  readonly schedule: Schedule;
  readonly clock: ManualClock;
  readonly step: (byMs: number) => void;
  readonly counted: { due: number; overrun: number; 'clock-step': number; cancelled: number };
  readonly lagsMs: readonly number[];
}

/** @param durationMs Of every attempt. */
function rig({ durationMs = 0, maxInFlight = 64 } = {}): Rig {
  const clock = new ManualClock(0);
  const stepping = steppingClock(clock);
  const counted = { due: 0, overrun: 0, 'clock-step': 0, cancelled: 0 };
  const lagsMs: number[] = [];
  const meter: Pick<Meter, 'due' | 'skipped' | 'begun'> = {
    due: (attempts) => {
      counted.due += attempts;
    },
    skipped: (reason, attempts) => {
      counted[reason] += attempts;
    },
    begun: (lagMs) => lagsMs.push(lagMs),
  };
  const schedule = new Schedule({
    clock: stepping,
    agentId: 'a',
    maxInFlight,
    attempt: async (_task, signal) => {
      if (durationMs > 0) await clock.sleep(durationMs, signal).catch(() => undefined);
      return ANSWER;
    },
    report: () => undefined,
    meter,
  });
  const dispose = (): Promise<void> => schedule[Symbol.asyncDispose]();
  return { schedule, clock, step: stepping.step, counted, lagsMs, [Symbol.asyncDispose]: dispose };
}

const settled = (): Promise<void> => new Promise(setImmediate);

t.test('what is attempted in time is due, and not late', async (t) => {
  await using r = rig();
  r.schedule.replace([plannedRoute(1, { intervalMs: 1_000, attempts: 2 })]);
  await r.clock.advance(5_000);
  t.strictSame(r.counted, { due: 10, overrun: 0, 'clock-step': 0, cancelled: 0 });
  t.strictSame(r.lagsMs, [0, 0, 0, 0, 0], 'one a turn');
});

t.test('what takes longer than its interval leaves turns out', async (t) => {
  await using r = rig({ durationMs: 2_500 });
  r.schedule.replace([plannedRoute(1, { intervalMs: 1_000, attempts: 2 })]);
  await r.clock.advance(12_000);
  // Two attempts of 2.5 s: a turn at the phase and one 6 s on; after each, five turns of two attempts are past.
  t.equal(r.counted.overrun, 2 * 5 * 2);
  t.equal(r.counted['clock-step'], 0);
});

t.test('a clock that is set on leaves turns out that nobody missed', async (t) => {
  await using r = rig();
  r.schedule.replace([plannedRoute(1, { intervalMs: 1_000 })]);
  await r.clock.advance(2_000);
  r.step(HOUR_MS);
  await r.clock.advance(2_000);
  t.equal(r.counted.overrun, 0);
  t.ok(r.counted['clock-step'] >= 3_599, String(r.counted['clock-step']));
  r.step(-2 * HOUR_MS);
  const before = r.counted['clock-step'];
  await r.clock.advance(5_000);
  t.equal(r.counted['clock-step'], before, 'set back, it leaves none out');
});

t.test('who waits for a place begins late, and what is not wanted any more is said to be', async (t) => {
  await using r = rig({ durationMs: 300, maxInFlight: 1 });
  r.schedule.replace([plannedRoute(1), plannedRoute(2), plannedRoute(3)]);
  await settled();
  t.equal(r.schedule.inFlight, 1);
  await r.clock.advance(300);
  t.strictSame(r.lagsMs, [0, 300]);
  r.schedule.replace([plannedRoute(2)]);
  await r.clock.advance(300);
  t.strictSame(r.counted, { due: 3, overrun: 0, 'clock-step': 0, cancelled: 1 });
  t.equal(r.schedule.inFlight, 0);
});
