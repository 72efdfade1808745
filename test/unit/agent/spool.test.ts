import t from 'tap';
import { Spool, SPOOL_LIMITS } from '../../../agent/spool.ts';
import type { Report } from '../../../proto/outcome.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };

function report(route: number, slot = 1, attempt = 0): Report {
  const outcome = { kind: 'untested', why: 'cancelled', detail: '' } as const;
  return { route, slot, attempt, startedAtMs: 0, outcome };
}

function spoolOf(limits: Partial<typeof SPOOL_LIMITS> = {}): { readonly spool: Spool; readonly clock: ManualClock } {
  const clock = new ManualClock();
  const spool = new Spool(clock, { ...SPOOL_LIMITS, ...limits });
  spool.isBlocked = false;
  return { spool, clock };
}

const placesIn = (batch: { readonly reports: readonly Report[] }): readonly string[] =>
  batch.reports.map(({ route, slot, attempt }) => [route, slot, attempt].join('/'));

t.test('a batch is due after 250 ms, and at once when it is full', async (t) => {
  const { spool, clock } = spoolOf();
  t.equal(spool.dueInMs(), undefined, 'nothing waits');
  spool.add(report(1));
  t.equal(spool.dueInMs(), 250);
  await clock.advance(200);
  spool.add(report(2));
  t.equal(spool.dueInMs(), 50, 'the first outcome counts');
  for (let route = 3; route <= 100; route += 1) spool.add(report(route));
  t.equal(spool.dueInMs(), 0);
  t.equal(spool.take(FIT).reports.length, 100);
  t.equal(spool.dueInMs(), undefined);
});

t.test('a batch holds at most its limit of outcomes and of bytes, in the order of their coming', (t) => {
  const few = spoolOf({ batchOutcomes: 2 }).spool;
  for (const route of [3, 1, 2]) few.add(report(route));
  t.strictSame(placesIn(few.take(FIT)), ['3/1/0', '1/1/0']);
  t.strictSame(placesIn(few.take(FIT)), ['2/1/0']);
  const small = spoolOf({ batchBytes: 300 }).spool;
  for (const route of [1, 2, 3, 4]) small.add(report(route));
  t.equal(small.dueInMs(), 0, 'due by its bytes');
  t.ok(small.take(FIT).reports.length < 4);
  t.end();
});

t.test('sequence numbers start at 1 and have no gap', (t) => {
  const { spool } = spoolOf({ batchOutcomes: 1 });
  for (const route of [1, 2, 3]) spool.add(report(route));
  t.strictSame(
    [1, 2, 3].map(() => spool.take(FIT).sequence),
    [1, 2, 3],
  );
  t.end();
});

t.test('batches are kept until they are acknowledged, and are sent again from where the controller asks', (t) => {
  const { spool } = spoolOf({ batchOutcomes: 1 });
  for (const route of [1, 2, 3, 4]) spool.add(report(route));
  for (let sent = 0; sent < 4; sent += 1) spool.take(FIT);
  t.equal(spool.oldestUnacknowledged, 1);
  spool.acknowledge(2);
  t.equal(spool.oldestUnacknowledged, 3);
  t.equal(spool.unacknowledged, 2);
  spool.acknowledge(1);
  t.equal(spool.unacknowledged, 2, 'an old acknowledgement changes nothing');
  t.strictSame(
    spool.resume(4).map(({ sequence }) => sequence),
    [4],
    'what was counted is not sent again',
  );
  t.equal(spool.isEmpty, false);
  spool.acknowledge(4);
  t.equal(spool.isEmpty, true);
  t.equal(spool.oldestUnacknowledged, 0);
  t.end();
});

t.test('on overflow the oldest outcomes go, and the next batch says how many', (t) => {
  const { spool } = spoolOf({ totalBytes: 500 });
  for (let route = 1; route <= 20; route += 1) spool.add(report(route));
  const batch = spool.take(FIT);
  t.equal(batch.reports.length + batch.droppedBefore, 20, 'nothing vanishes');
  t.ok(batch.droppedBefore > 0);
  t.equal(placesIn(batch).at(-1), '20/1/0', 'the newest are kept');
  t.equal(spool.take(FIT).droppedBefore, 0, 'and it is said once');
  t.end();
});

t.test('what waits longer than ten minutes is dropped and counted', async (t) => {
  const { spool, clock } = spoolOf();
  spool.add(report(1));
  await clock.advance(10 * 60_000 + 1);
  spool.add(report(2));
  const batch = spool.take(FIT);
  t.strictSame(placesIn(batch), ['2/1/0']);
  t.equal(batch.droppedBefore, 1);
});

t.test(
  'while nothing can be sent only the newest slot of an attempt on a route is kept, and the rest is counted',
  (t) => {
    const { spool } = spoolOf();
    spool.add(report(1, 1));
    spool.isBlocked = true;
    spool.add(report(1, 2));
    spool.add(report(1, 2, 1));
    spool.add(report(2, 2));
    spool.add(report(1, 3));
    const batch = spool.take(FIT);
    t.strictSame(placesIn(batch), ['1/2/1', '2/2/0', '1/3/0']);
    t.equal(batch.droppedBefore, 2);
    t.end();
  },
);

t.test('while batches can be sent every slot is kept', (t) => {
  const { spool } = spoolOf();
  spool.add(report(1, 1));
  spool.add(report(1, 2));
  t.strictSame(placesIn(spool.take(FIT)), ['1/1/0', '1/2/0']);
  t.end();
});
