import t from 'tap';
import { Collected } from '../../../../controller/measured/collected.ts';
import type { Report } from '../../../../proto/vocabulary.ts';

function report(route: number, slot: number, attempt: number, startedAtMs = 0): Report {
  return { route, slot, attempt, startedAtMs, outcome: { kind: 'untested', why: 'cancelled', detail: '' } };
}

t.test('an attempt counts once, whatever comes later', (t) => {
  const collected = new Collected([{ route: 1, vantage: 'web' }]);
  t.equal(collected.add('web', report(1, 0, 0, 5)), true);
  t.equal(collected.add('web', report(1, 0, 0, 9)), false);
  t.same(collected.reportsOn(1), [report(1, 0, 0, 5)]);
  t.equal(collected.count('web', 0), 1);
  t.end();
});

t.test('only the vantage that has the route may report on it', (t) => {
  const collected = new Collected([{ route: 1, vantage: 'web' }]);
  t.equal(collected.add('batch', report(1, 0, 0)), false);
  t.equal(collected.add('web', report(2, 0, 0)), false);
  t.same(collected.reportsOn(1), []);
  t.equal(collected.count('batch', 0), 0);
  t.end();
});

t.test('reports come out in the order of slots and attempts, and are counted by slot', (t) => {
  const collected = new Collected([{ route: 1, vantage: 'web' }]);
  for (const [slot, attempt] of [
    [1, 0],
    [0, 2],
    [0, 10],
    [0, 0],
  ] as const)
    collected.add('web', report(1, slot, attempt));
  t.same(
    collected.reportsOn(1).map(({ slot, attempt }) => [slot, attempt]),
    [
      [0, 0],
      [0, 2],
      [0, 10],
      [1, 0],
    ],
  );
  t.equal(collected.count('web', 0), 3);
  t.equal(collected.count('web', 1), 1);
  t.end();
});
