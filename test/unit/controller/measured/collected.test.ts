import t from 'tap';
import { Collected } from '../../../../controller/measured/collected.ts';
import type { Outcome, Report } from '../../../../proto/outcome.ts';

const CANCELLED: Outcome = { kind: 'untested', why: 'cancelled', detail: '' };

function report(route: number, slot: number, attempt: number, startedAtMs = 0, outcome: Outcome = CANCELLED): Report {
  return { route, slot, attempt, startedAtMs, outcome };
}

/** One route of the vantage `web`, with 16 attempts in a slot at two addresses. */
function collected(...slots: readonly number[]): Collected {
  const made = new Collected([{ route: 1, vantage: 'web', attempts: 16, dialled: ['a', 'b'] }]);
  for (const slot of slots) made.ask(slot, [1]);
  return made;
}

t.test('an attempt counts once, whatever comes later', (t) => {
  const all = collected(0);
  t.equal(all.add('web', report(1, 0, 0, 5)), true);
  t.equal(all.add('web', report(1, 0, 0, 9)), false);
  t.same(all.reportsOn(1), [report(1, 0, 0, 5)]);
  t.equal(all.count('web', 0), 1);
  t.end();
});

t.test('only the vantage that has the route may report on it', (t) => {
  const all = collected(0);
  t.equal(all.add('batch', report(1, 0, 0)), false);
  t.equal(all.add('web', report(2, 0, 0)), false);
  t.same(all.reportsOn(1), []);
  t.equal(all.count('batch', 0), 0);
  t.end();
});

t.test('what was not asked for is not taken: it answers another plan', (t) => {
  const all = collected(7);
  for (const [what, slot, attempt] of [
    ['a slot of somebody else', 0, 0],
    ['a slot that is not asked for yet', 8, 0],
    ['an attempt too many', 7, 16],
  ] as const) {
    t.equal(all.add('web', report(1, slot, attempt)), false, what);
    t.equal(all.count('web', slot), 0, what);
  }
  all.ask(8, [1]);
  t.equal(all.add('web', report(1, 8, 0)), true);
  t.same(
    all.reportsOn(1).map(({ slot }) => slot),
    [8],
  );
  t.end();
});

t.test('an outcome from another address than the attempt was for tests nothing', (t) => {
  const all = collected(0);
  const reached = (address: number): Outcome => {
    return { kind: 'reached', address, timings: { totalMs: 1 }, transport: 'plaintext' };
  };
  all.add('web', report(1, 0, 0, 0, reached(0)));
  all.add('web', report(1, 0, 1, 0, reached(0)));
  all.add('web', report(1, 0, 2, 0, reached(9)));
  all.add('web', report(1, 0, 3, 0, reached(1)));
  t.match(
    all.reportsOn(1).map(({ outcome }) => outcome),
    [
      { kind: 'reached' },
      { kind: 'untested', why: 'internal-fault' },
      { kind: 'untested', why: 'internal-fault', detail: 'attempt 2 was reported from address 9' },
      { kind: 'reached' },
    ],
  );
  t.end();
});

t.test('reports come out in the order of slots and attempts, and are counted by slot', (t) => {
  const all = collected(0, 1);
  for (const [slot, attempt] of [
    [1, 0],
    [0, 2],
    [0, 10],
    [0, 0],
  ] as const)
    all.add('web', report(1, slot, attempt));
  t.same(
    all.reportsOn(1).map(({ slot, attempt }) => [slot, attempt]),
    [
      [0, 0],
      [0, 2],
      [0, 10],
      [1, 0],
    ],
  );
  t.equal(all.count('web', 0), 3);
  t.equal(all.count('web', 1), 1);
  t.end();
});
