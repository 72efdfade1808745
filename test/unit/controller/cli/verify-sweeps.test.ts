import t from 'tap';
import type { MeasuredOnce } from '../../../../controller/cli/verify-sweeps.ts';
import { verifySweeps } from '../../../../controller/cli/verify-sweeps.ts';
import { watchSweeps } from '../../../../controller/cli/verify-watch.ts';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import type { Verification } from '../../../../controller/gate/verification.ts';
import { baseline, conflict } from '../../../support/baselines.ts';
import { sweepOf } from '../../../support/arbitrary/baselines.ts';

const CALL = 'legacy/batch (naked) → shop/pay:80 http';
const BEFORE = baseline(`${CALL}: closed`);
const SWEEP = sweepOf({ shown: [] }, { pods: [], isReversed: false });

/** A sweep a word: what is measured of the one route; behind it `!` a doubt, `+` a critical conflict, `~` a warning. */
function taken(word: string): MeasuredOnce {
  const [, state = '', marks = ''] = /^([a-z]+)(.*)$/.exec(word) ?? [];
  const conflicts = [
    ...(marks.includes('+') ? [conflict('MP1006')] : []),
    ...(marks.includes('~') ? [conflict('MP1011', { severity: 'warning' })] : []),
  ];
  const doubt = marks.includes('!') ? 'something moved' : '';
  const cell = `${CALL}: ${state}${state === 'unknown' ? ' unknown' : ''}`;
  return { sweep: SWEEP, baseline: baseline(cell, { conflicts }), doubt };
}

const judge = (after: Baseline, doubt: string): Verification =>
  verify(BEFORE, after, { expected: [], minCoverage: 1, failOn: ['drift', 'critical'], doubt });

t.test('what fails is measured again until two sweeps agree, and no more than three times', async (t) => {
  const cases: readonly (readonly [sweeps: string, taken: number, verdict: string, flaps: number])[] = [
    ['closed', 1, 'pass', 0],
    ['unknown', 1, 'inconclusive', 0],
    ['mtls mtls', 2, 'fail', 0],
    ['mtls closed closed', 3, 'pass', 1],
    ['mtls closed mtls', 3, 'inconclusive', 1],
    ['mtls unknown mtls', 3, 'fail', 0],
    ['mtls unknown unknown', 3, 'inconclusive', 0],
    ['closed! closed', 2, 'pass', 0],
    ['closed! closed! closed!', 3, 'inconclusive', 0],
    ['closed+ closed+', 2, 'fail', 0],
    ['closed+ closed closed', 3, 'pass', 0],
    ['closed+ closed closed+', 3, 'inconclusive', 0],
    ['mtls closed+ closed', 3, 'inconclusive', 1],
    ['mtls closed closed~', 3, 'pass', 1],
  ];
  for (const [words, count, verdict, flaps] of cases) {
    const left = words.split(' ').map(taken);
    const slept: number[] = [];
    const measure = (): Promise<MeasuredOnce> => {
      const next = left.shift();
      return next === undefined ? Promise.reject(new Error('one too many')) : Promise.resolve(next);
    };
    const clock = {
      sleep: (ms: number) => {
        slept.push(ms);
        return Promise.resolve();
      },
    };
    const deps = { measure, judge, clock, note: () => undefined };
    const found = await verifySweeps(deps, 10_000, new AbortController().signal);
    t.same([found.sweeps.length, found.verification.verdict, found.flaps.length], [count, verdict, flaps], words);
    t.same(
      slept,
      Array.from({ length: count - 1 }, () => 10_000),
      'the mesh settles in between',
    );
  }
});

t.test('a watch goes on until it is told to end, and its last two sweeps are judged', async (t) => {
  const cases: readonly (readonly [sweeps: string, verdict: string])[] = [
    ['closed', 'pass'],
    ['mtls closed closed', 'pass'],
    ['closed mtls', 'inconclusive'],
    ['closed mtls mtls', 'fail'],
    ['closed closed+', 'inconclusive'],
    ['closed closed+ closed+', 'fail'],
    ['closed closed+ closed', 'inconclusive'],
    ['closed closed+ closed closed', 'pass'],
    ['closed closed~', 'pass'],
    ['closed mtls+ mtls', 'fail'],
  ];
  for (const [words, verdict] of cases) {
    const left = words.split(' ').map(taken);
    const ending = new AbortController();
    const said: string[] = [];
    const measure = (signal: AbortSignal): Promise<MeasuredOnce> => {
      const next = left.shift();
      if (next !== undefined) return Promise.resolve(next);
      ending.abort(new Error('^C'));
      signal.throwIfAborted();
      return Promise.reject(new Error('it was not told'));
    };
    const deps = { before: BEFORE, measure, judge, note: (line: string) => said.push(line) };
    const { verification, sweeps, watch } = await watchSweeps(deps, {}, ending.signal);
    t.equal(verification.verdict, verdict, words);
    t.equal(said.length, sweeps.length);
    t.equal(watch.sweeps, sweeps.length);
  }
});

t.test('a watch without a whole sweep has nothing to say', async (t) => {
  const ending = new AbortController();
  const measure = (): Promise<MeasuredOnce> => {
    ending.abort(new Error('^C'));
    return Promise.reject(new Error('cut short'));
  };
  const deps = { before: BEFORE, measure, judge, note: () => undefined };
  await t.rejects(watchSweeps(deps, {}, ending.signal), { message: '^C' });
  const failing = { ...deps, measure: () => Promise.reject(new Error('no agents')) };
  await t.rejects(watchSweeps(failing, {}, new AbortController().signal), { message: 'no agents' });
  await t.rejects(
    watchSweeps({ ...deps, measure: (signal) => cutShort(signal) }, { timeoutMs: 1 }, new AbortController().signal),
    {
      code: 'MPE_TIMEOUT',
    },
  );
});

function cutShort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // A sweep has sockets that keep its process alive.
    const busy = setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => {
      clearInterval(busy);
      reject(new Error('cut short'));
    });
  });
}
