/** Sweeps that somebody asks a monitor for. */
import t from 'tap';
import type { SweepSummary } from '../../controller/monitor/events.ts';
import { openStore } from '../../controller/store/open-store.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import { HeldSource, pulsingShop } from '../support/pulsing-shop.ts';

t.test('the whole of a sweep is kept where somebody who waits for it wants that', async (t) => {
  await using store = await openStore(':memory:');
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher, store });
  await scene.until('a first pass', () => scene.current().lastSweep?.verdict.value === 'pass');
  const { signal } = new AbortController();
  const sweepNow = async (isKept?: boolean): Promise<SweepSummary> =>
    (await scene.monitor.sweepNow(signal, ...(isKept === undefined ? [] : [{ isKept }]))).summary;
  const isKept = async (id: string): Promise<boolean> => (await store.sweep(id))?.json !== null;

  const asked = await sweepNow();
  t.match(asked, { trigger: 'request', verdict: { value: 'pass' } });
  t.equal(await isKept(asked.id), false, 'a gate wants what came of it');
  const [first, second] = await Promise.all([sweepNow(), sweepNow(true)]);
  t.equal(first.id, second.id);
  t.equal(await isKept(first.id), true, 'and it is one sweep for all who ask');
  t.equal(await isKept((await sweepNow(false)).id), false, 'the next one is another');
});
