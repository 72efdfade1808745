import t from 'tap';
import { Rounds, confirmationNumber } from '../../../../controller/monitor/rounds.ts';
import type { Outcome, Report } from '../../../../proto/outcome.ts';

/** `slot/attempt` on a route; attempt n comes from address n modulo `addresses`. */
function report(route: number, place: string, { addresses = 1, address = -1 } = {}): Report {
  const [slot = 0, attempt = 0] = place.split('/').map(Number);
  const outcome: Outcome = {
    kind: 'reached',
    address: address < 0 ? attempt % addresses : address,
    timings: { totalMs: 1 },
    transport: 'mtls',
  };
  return { route, slot, attempt, startedAtMs: slot * 1000 + attempt, outcome };
}

/** What has become complete, as `route: slot/attempt+slot/attempt`; `*` before what was asked for. */
function taken(rounds: Rounds): readonly string[] {
  return [...rounds.take()].map(([route, complete]) => {
    const drawn = complete.map(({ asked, reports }) => {
      const places = reports.map(({ slot, attempt }) => `${String(slot)}/${String(attempt)}`).join('+');
      return asked === null ? places : `*${String(asked)}:${places}`;
    });
    return `${String(route)}: ${drawn.join(' ')}`;
  });
}

function expecting(attempts: number, addresses = 1): Rounds {
  const rounds = new Rounds();
  rounds.expect(1, attempts, addresses);
  return rounds;
}

const add = (rounds: Rounds, ...places: readonly string[]): readonly string[] =>
  places.map((place) => rounds.add(report(1, place)));

t.test('a round is complete when each of its attempts is there, and given out once', (t) => {
  const rounds = expecting(2);
  t.same(add(rounds, '7/0'), ['counted']);
  t.same(taken(rounds), []);
  t.same(add(rounds, '7/1'), ['counted']);
  t.same(taken(rounds), ['1: 7/0+7/1']);
  t.same(taken(rounds), []);
  t.end();
});

t.test('attempts stand in their order, whatever order they came in', (t) => {
  const rounds = expecting(3);
  add(rounds, '7/2', '7/0', '7/1');
  t.same(taken(rounds), ['1: 7/0+7/1+7/2']);
  t.end();
});

/** What comes in on a route of two attempts, what becomes of it, and what is complete then. */
const FATES: readonly (readonly [what: string, places: string, fates: string, complete: string])[] = [
  ['an attempt that comes twice', '7/0 7/0 7/1', 'counted late counted', '7/0+7/1'],
  ['a round that comes again', '7/0 7/1 7/0 7/1', 'counted counted late late', '7/0+7/1'],
  ['half a round, when the next begins', '7/0 8/0 8/1', 'counted counted counted', '7/0 8/0+8/1'],
  ['the second half alone', '7/1 8/0 8/1', 'counted counted counted', '7/1 8/0+8/1'],
  ['what belongs to a round before', '8/0 7/1 8/1', 'counted late counted', '8/0+8/1'],
  ['the other half, when it is too late', '7/0 8/0 7/1', 'counted counted late', '7/0'],
  ['an attempt that nobody asked for', '7/2 7/0 7/1', 'unasked counted counted', '7/0+7/1'],
  ['rounds with some left out between them', '7/0 7/1 9/0 9/1', 'counted counted counted counted', '7/0+7/1 9/0+9/1'],
];

t.test('what becomes of a report', (t) => {
  for (const [what, places, fates, complete] of FATES) {
    const rounds = expecting(2);
    t.equal(add(rounds, ...places.split(' ')).join(' '), fates, what);
    t.same(taken(rounds), [`1: ${complete}`], what);
  }
  t.end();
});

t.test('of routes that are not planned nothing was asked', (t) => {
  const rounds = expecting(1);
  t.equal(rounds.add(report(2, '7/0')), 'unasked');
  rounds.forget(1);
  t.equal(rounds.add(report(1, '7/0')), 'unasked');
  t.same(taken(rounds), []);
  rounds.expect(1, 0, 0);
  t.equal(rounds.add(report(1, '8/0')), 'unasked', 'nor where there is nothing to dial');
  t.end();
});

t.test('what was seen of a route that is forgotten is not given out', (t) => {
  const rounds = expecting(1);
  add(rounds, '7/0');
  rounds.forget(1);
  t.same(taken(rounds), []);
  t.end();
});

t.test('confirmations go on beside the plan, under numbers of their own', (t) => {
  const rounds = expecting(2);
  const asked = (place: string): string => rounds.add(report(confirmationNumber(1), place));
  add(rounds, '7/0');
  t.equal(asked('1000/0'), 'counted');
  t.equal(asked('1000/1'), 'counted');
  add(rounds, '7/1');
  t.same(taken(rounds), ['1: *1000:1000/0+1000/1 7/0+7/1']);
  t.equal(asked('999/0'), 'late');
  t.equal(Rounds.routeOf(report(confirmationNumber(1), '1000/0')), 1);
  t.equal(Rounds.routeOf(report(2 ** 31 - 1, '1000/0')), 2 ** 31 - 1);
  t.end();
});

t.test('a new start of the agent numbers its slots anew, and half a round of the old one is nothing', (t) => {
  const rounds = expecting(2);
  add(rounds, '900/0', '900/1', '901/0');
  rounds.restart(1);
  t.same(add(rounds, '3/0', '3/1'), ['counted', 'counted']);
  t.same(taken(rounds), ['1: 900/0+900/1 3/0+3/1']);
  rounds.restart(2);
  t.same(taken(rounds), [], 'a route that nobody knows has nothing to start again');
  t.end();
});

t.test('the same expectation again disturbs nothing; another one begins anew', (t) => {
  const rounds = expecting(2);
  add(rounds, '7/0');
  rounds.expect(1, 2, 1);
  add(rounds, '7/1');
  t.same(taken(rounds), ['1: 7/0+7/1']);
  add(rounds, '8/0');
  rounds.expect(1, 1, 1);
  t.same(taken(rounds), []);
  add(rounds, '9/0');
  t.same(taken(rounds), ['1: 9/0']);
  t.end();
});

t.test('what was seen elsewhere than was asked about is untested', (t) => {
  const rounds = expecting(2, 2);
  rounds.add(report(1, '7/0', { addresses: 2 }));
  rounds.add(report(1, '7/1', { address: 0 }));
  const [round] = rounds.take().get(1) ?? [];
  t.match(round?.reports, [
    { attempt: 0, outcome: { kind: 'reached', address: 0 } },
    { attempt: 1, outcome: { kind: 'untested', why: 'internal-fault' } },
  ]);
  t.end();
});

t.test('of what nobody looks at the oldest goes first', (t) => {
  const rounds = expecting(1);
  add(rounds, '1/0', '2/0', '3/0', '4/0', '5/0', '6/0', '7/0');
  t.same(taken(rounds), ['1: 3/0 4/0 5/0 6/0 7/0']);
  t.end();
});

t.test('a route is heard of with each attempt that tested anything, and said so once', (t) => {
  const rounds = expecting(8);
  t.same(rounds.takeHeard(), []);
  add(rounds, '7/0', '7/1');
  t.same(rounds.takeHeard(), [1]);
  t.same(taken(rounds), [], 'the round goes on');
  t.same(rounds.takeHeard(), []);
  rounds.add({ ...report(1, '7/2'), outcome: { kind: 'untested', why: 'internal-fault', detail: 'out of sockets' } });
  t.same(rounds.takeHeard(), [], 'that tested nothing');
  add(rounds, '6/7', '7/1');
  t.same(rounds.takeHeard(), [], 'those are late');
  add(rounds, '7/3');
  rounds.forget(1);
  t.same(rounds.takeHeard(), []);
  t.end();
});
