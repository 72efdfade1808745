import t from 'tap';
import type { SeenRound } from '../../../../controller/monitor/matrix-changes.ts';
import type { StandingRoute, Times } from '../../../../controller/monitor/standing-route.ts';
import { Turns } from '../../../../controller/monitor/turns.ts';

const INTERVAL_MS = 10_000;

const at = (seconds: number): Times => ({ wallMs: 1_000_000_000 + seconds * 1000, monotonicMs: seconds * 1000 });

/** Only what turns are told by. */
const route = (key: string, attempts = 1): StandingRoute => ({ key, attempts }) as StandingRoute;

const A = route('a');
const B = route('b');
const BOTH = [A, B];

function seen(route: StandingRoute, asked: number | null = null): SeenRound {
  return { route, atMs: 0, agrees: true, asked };
}

/** `trigger@second it began` of what is complete now. */
function complete(turns: Turns, measurable: readonly StandingRoute[], seconds: number): readonly string[] {
  return turns
    .complete(measurable, INTERVAL_MS, at(seconds))
    .map(({ trigger, began }) => `${trigger}@${String(began.monotonicMs / 1000)}`);
}

t.test('a pass is complete when an interval is over and every route was seen in it', (t) => {
  const turns = new Turns(at(0));
  turns.note([seen(A)]);
  t.same(complete(turns, BOTH, 9), []);
  t.same(complete(turns, BOTH, 10), [], 'one was not seen');
  turns.note([seen(B)]);
  t.same(complete(turns, BOTH, 11), ['interval@0']);
  turns.note([seen(A), seen(B)]);
  t.same(complete(turns, BOTH, 12), [], 'the next one has begun');
  t.same(complete(turns, BOTH, 21), ['interval@11']);
  t.end();
});

t.test('what does not come is not waited for beyond three intervals', (t) => {
  const turns = new Turns(at(0));
  turns.note([seen(A)]);
  t.same(complete(turns, BOTH, 29), []);
  t.same(complete(turns, BOTH, 30), ['interval@0']);
  t.end();
});

t.test('where nothing at all is seen, no pass is ever complete', (t) => {
  const turns = new Turns(at(0));
  t.same(complete(turns, BOTH, 3600), []);
  t.same(complete(turns, [], 7200), []);
  turns.note([seen(A)]);
  t.same(complete(turns, [A], 7201), ['interval@0']);
  t.end();
});

t.test('neither routes that nobody is there to measure nor those without anything to dial are waited for', (t) => {
  const turns = new Turns(at(0));
  turns.note([seen(A)]);
  t.same(complete(turns, [A, route('nowhere', 0)], 10), ['interval@0']);
  t.end();
});

t.test('a pass that is asked for is complete when each route was attempted after that', (t) => {
  const turns = new Turns(at(0));
  turns.request(BOTH, BOTH, 100, at(5));
  turns.note([seen(A), seen(B)]);
  turns.note([seen(A, 99)]);
  t.same(complete(turns, BOTH, 6), [], 'turns of the plan, and what was asked for before, do not count');
  turns.note([seen(A, 100)]);
  t.same(complete(turns, BOTH, 7), []);
  turns.note([seen(B, 101)]);
  t.same(complete(turns, BOTH, 8), ['request@5']);
  t.same(complete(turns, BOTH, 9), []);
  t.end();
});

t.test('both kinds may be complete at once', (t) => {
  const turns = new Turns(at(0));
  turns.request([A], BOTH, 100, at(5));
  turns.note([seen(A, 100)]);
  t.same(complete(turns, [A], 10), ['request@5', 'interval@0']);
  t.end();
});

t.test('a request does not wait for what is gone, has nobody to measure it, or does not come for a minute', (t) => {
  const turns = new Turns(at(0));
  turns.request([A, B, route('nowhere', 0)], BOTH, 100, at(5));
  turns.note([seen(A, 100)]);
  t.same(complete(turns, [A], 6), ['request@5'], 'b is gone');
  turns.request(BOTH, BOTH, 200, at(7));
  t.same(complete(turns, BOTH, 67), ['interval@0']);
  t.same(complete(turns, BOTH, 67.1), ['request@7']);
  turns.request([], BOTH, 300, at(70));
  t.same(complete(turns, BOTH, 70), ['request@70'], 'there is nothing to wait for');
  t.end();
});

t.test('what a request did not get to is named: it may be older than the question', (t) => {
  const nowhere = route('nowhere', 0);
  const absent = route('absent');
  const planned = [A, B, nowhere, absent];
  const turns = new Turns(at(0));
  const missed = (measurable: readonly StandingRoute[], seconds: number): unknown =>
    turns.complete(measurable, INTERVAL_MS, at(seconds)).map((turn) => 'missed' in turn && [...turn.missed].sort());
  turns.request([A, B, nowhere], planned, 100, at(1));
  turns.note([seen(A, 100)]);
  t.same(missed([A], 2), [['absent', 'b', 'nowhere']], 'the agent of b is gone');
  turns.request(BOTH, BOTH, 200, at(3));
  turns.note([seen(A), seen(B), seen(A, 200)]);
  t.same(missed(BOTH, 9), []);
  t.same(missed(BOTH, 69.1), [['b'], false], 'b was attempted before only');
  turns.request(BOTH, BOTH, 300, at(70));
  t.same(missed([A], 71), []);
  turns.note([seen(B, 300)]);
  t.same(missed([A], 72), []);
  turns.note([seen(A, 300)]);
  t.same(missed([A], 73), [[]], 'b came back in time');
  t.end();
});

t.test('where targets bear little, a request goes on as long as something comes of it', (t) => {
  const many = ['a', 'b', 'c', 'd'].map((key) => route(key));
  const turns = new Turns(at(0));
  turns.request(many, many, 100, at(0));
  const done = (seconds: number): number =>
    turns.complete(many, INTERVAL_MS, at(seconds)).filter(({ trigger }) => trigger === 'request').length;
  for (const [index, one] of many.slice(0, 3).entries()) {
    turns.note([seen(one, 100)]);
    t.equal(done(50 * (index + 1)), 0);
  }
  turns.note([seen(A, 101)]);
  t.equal(done(210), 0);
  t.equal(done(210.1), 1, 'what comes again is nothing new');
  t.end();
});
