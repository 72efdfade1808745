import t from 'tap';
import { systemClock } from '../../../proto/system-clock.ts';

t.test('a sleep longer than a timer can hold does not end at once', async (t) => {
  const stop = new AbortController();
  const reason = new Error('enough');
  let isAwake = false;
  const long = systemClock.sleep(2 ** 31 + 5, stop.signal).then(() => (isAwake = true));
  await systemClock.sleep(20);
  t.equal(isAwake, false);
  stop.abort(reason);
  await t.rejects(long, reason);
});

t.test('a sleep of no time ends at once', async (t) => {
  await t.resolves(systemClock.sleep(0));
  await t.resolves(systemClock.sleep(-5));
});
