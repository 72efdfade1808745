import t from 'tap';
import type { MeasuredOnce } from '../../../../controller/cli/verify-sweeps.ts';
import { verifySweeps } from '../../../../controller/cli/verify-sweeps.ts';
import { watchSweeps } from '../../../../controller/cli/verify-watch.ts';
import type { Watched } from '../../../../controller/cli/verify-watch.ts';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import type { Verification } from '../../../../controller/gate/verification.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
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

/** Sweep after sweep as drawn, and ^C behind the last one. */
async function watched(steps: readonly (string | Error)[]): Promise<{
  readonly found: Watched;
  readonly said: readonly string[];
  readonly slept: readonly number[];
}> {
  const left = [...steps];
  const ending = new AbortController();
  const [said, slept]: [string[], number[]] = [[], []];
  const measure = (signal: AbortSignal): Promise<MeasuredOnce> => {
    const next = left.shift();
    if (next instanceof Error) return Promise.reject(next);
    if (next !== undefined) return Promise.resolve(taken(next));
    ending.abort(new Error('^C'));
    signal.throwIfAborted();
    return Promise.reject(new Error('it was not told'));
  };
  const clock = {
    sleep: (ms: number) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
  const deps = { before: BEFORE, measure, judge, clock, note: (line: string) => said.push(line) };
  return { found: await watchSweeps(deps, {}, ending.signal), said, slept };
}

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
    const { found, said } = await watched(words.split(' '));
    const { verification, sweeps, watch } = found;
    t.equal(verification.verdict, verdict, words);
    t.equal(said.length, sweeps.length);
    t.equal(watch.sweeps, sweeps.length);
  }
});

t.test('a watch outlives a sweep that failed; where it was the last one, nobody can say', async (t) => {
  const lost = new MeshproofError('MPE_SWEEP_LOST', 'the log broke off');
  const away = new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'no answer');
  const cases: readonly (readonly [sweeps: readonly (string | MeshproofError)[], verdict: string, why: string])[] = [
    [['closed', lost, 'closed'], 'pass', '1 cell is as before'],
    [['closed', lost, away, lost, 'closed'], 'pass', '1 cell is as before'],
    [['closed', lost], 'inconclusive', 'the last sweep failed: the log broke off (MPE_SWEEP_LOST)'],
    [['closed', lost, away], 'inconclusive', 'the last sweep failed: no answer (MPE_CLUSTER_UNREACHABLE)'],
    [['closed', 'mtls', 'mtls', lost], 'fail', '1 unexpected change'],
    [['closed', 'mtls', lost, 'mtls'], 'fail', '1 unexpected change'],
  ];
  for (const [steps, verdict, why] of cases) {
    const failures = steps.filter((step) => typeof step !== 'string');
    const { found, said, slept } = await watched(steps);
    t.match(found.verification, { verdict, why });
    t.equal(found.sweeps.length, steps.length - failures.length);
    t.same(
      said.filter((line) => line.startsWith('a sweep failed: ')),
      failures.map(({ code, message }) => `a sweep failed: ${message} (${code}); measuring again in 5 s`),
    );
    t.same(
      slept,
      failures.map(() => 5000),
    );
  }
});

t.test('what no other sweep would mend ends a watch at once', async (t) => {
  const ends: readonly Error[] = [
    new MeshproofError('MPE_USAGE', 'no such namespace'),
    new MeshproofError('MPE_NOT_PERMITTED', 'may not create jobs'),
    new TypeError('a mistake of ours'),
  ];
  for (const error of ends) await t.rejects(watched(['closed', error, 'closed']), { message: error.message });
  const lost = new MeshproofError('MPE_SWEEP_LOST', 'the log broke off');
  await t.rejects(watched([lost, 'closed']), { message: 'the log broke off' }, 'there is nothing to judge yet');
});

t.test('a watch without a whole sweep has nothing to say', async (t) => {
  const ending = new AbortController();
  const measure = (): Promise<MeasuredOnce> => {
    ending.abort(new Error('^C'));
    return Promise.reject(new Error('cut short'));
  };
  const clock = { sleep: () => Promise.reject(new Error('nothing to wait for')) };
  const deps = { before: BEFORE, measure, judge, clock, note: () => undefined };
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
