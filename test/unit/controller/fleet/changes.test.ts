import t from 'tap';
import { Changes, waitUntil } from '../../../../controller/fleet/changes.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const NEVER = new AbortController().signal;

t.test('a condition that holds already is not waited for', async (t) => {
  const clock = new ManualClock();
  t.equal(await waitUntil(() => true, { changes: new Changes(), clock }, clock.monotonicMs() + 1000, NEVER), true);
});

t.test('a condition is looked at again after every change', async (t) => {
  const clock = new ManualClock();
  const changes = new Changes();
  let count = 0;
  const reached = waitUntil(() => count === 3, { changes, clock }, clock.monotonicMs() + 1000, NEVER);
  for (count = 1; count < 3; count += 1) changes.touch();
  changes.touch();
  t.equal(await reached, true);
});

t.test('the deadline ends the waiting, not before it has come', async (t) => {
  const clock = new ManualClock();
  let answer: boolean | undefined;
  const waiting = waitUntil(() => false, { changes: new Changes(), clock }, clock.monotonicMs() + 1000, NEVER);
  void waiting.then((value) => (answer = value));
  await clock.advance(999);
  t.equal(answer, undefined);
  await clock.advance(1);
  t.equal(await waiting, false);
});

t.test('an abort rejects with its reason', async (t) => {
  const clock = new ManualClock();
  const aborting = new AbortController();
  const waiting = waitUntil(() => false, { changes: new Changes(), clock }, Infinity, aborting.signal);
  aborting.abort(new Error('interrupted'));
  await t.rejects(waiting, /interrupted/);
  await t.rejects(
    waitUntil(() => true, { changes: new Changes(), clock }, 0, aborting.signal),
    /interrupted/,
  );
});
