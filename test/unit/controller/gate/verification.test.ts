import t from 'tap';
import { verify } from '../../../../controller/gate/verification.ts';
import type { VerifyOptions } from '../../../../controller/gate/verification.ts';
import { baseline, conflict } from '../../../support/baselines.ts';

const OPTIONS: VerifyOptions = { expected: [], minCoverage: 1, failOn: ['drift', 'critical', 'error'] };

const BEFORE = `
  shop/web (sidecar) → shop/pay:80 http: mtls
  legacy/batch (naked) → shop/pay:80 http: closed
  legacy/batch (naked) → shop/old:80 http: closed blocked MP1001`;

/** `BEFORE` with some lines in the place of those of the same route. */
function changed(...lines: readonly string[]): string {
  const routeOf = (line: string): string => line.slice(0, line.lastIndexOf(': '));
  const kept = BEFORE.split('\n').filter((line) => !lines.some((other) => routeOf(other) === routeOf(line.trim())));
  return [...kept, ...lines].join('\n');
}

const EXPOSED = 'legacy/batch (naked) → shop/pay:80 http: plaintext exposed';
const UNKNOWN = 'shop/web (sidecar) → shop/pay:80 http: unknown unknown';
const MEANT = { from: 'legacy/batch', to: 'shop/pay', becomes: 'exposed' } as const;

t.test('only what nobody meant fails; what could not be measured is never well', (t) => {
  type Row = readonly [name: string, after: string, options: Partial<VerifyOptions>, verdict: string, why: string];
  const rows: readonly Row[] = [
    ['as before', BEFORE, {}, 'pass', '3 cells are as before; 1 violation was there before'],
    ['what was wrong before, strictly', BEFORE, { isStrict: true }, 'fail', '1 violation that was there before'],
    ['a change', changed(EXPOSED), {}, 'fail', '1 unexpected change'],
    [
      'a change that was meant',
      changed(EXPOSED),
      { expected: [MEANT] },
      'pass',
      '3 cells are as before, but for 1 change that was meant; 1 violation was there before',
    ],
    ['meant, and not seen', BEFORE, { expected: [MEANT] }, 'fail', '1 expected change that did not happen'],
    [
      'allowed, and not seen',
      BEFORE,
      { allowed: [MEANT] },
      'pass',
      '3 cells are as before; 1 violation was there before',
    ],
    ['too little known', changed(UNKNOWN), {}, 'inconclusive', '1 cell is unknown, of 3'],
    [
      'enough known',
      changed(UNKNOWN),
      { minCoverage: 0.5 },
      'pass',
      '2 cells are as before; 1 violation was there before',
    ],
    ['a change, and too little known', changed(UNKNOWN, EXPOSED), {}, 'fail', '1 unexpected change'],
    [
      'meant, and not known',
      changed('legacy/batch (naked) → shop/pay:80 http: unknown unknown'),
      { expected: [MEANT], minCoverage: 0 },
      'inconclusive',
      '1 expected change could not be measured',
    ],
    ['nothing planned', '', {}, 'fail', '3 unexpected changes'],
    ['a doubt', BEFORE, { doubt: 'the declared state changed' }, 'inconclusive', 'the declared state changed'],
    ['a doubt, and a change', changed(EXPOSED), { doubt: 'the declared state changed' }, 'fail', '1 unexpected change'],
  ];
  for (const [name, after, options, verdict, why] of rows) {
    const found = verify(baseline(BEFORE), baseline(after), { ...OPTIONS, ...options });
    t.same([found.verdict, found.why], [verdict, why], name);
  }
  t.end();
});

t.test('where nothing was known before, nothing is known to be as before', (t) => {
  const unknown = baseline(BEFORE.replaceAll(/: [a-z]+( [a-z]+)?( MP1\d{3})?$/gm, ': unknown unknown'));
  t.match(
    verify(unknown, baseline(changed()), OPTIONS),
    { verdict: 'fail' },
    'a violation is one, whatever was before',
  );
  const agreeing = baseline('shop/web (sidecar) → shop/pay:80 http: mtls');
  const blank = baseline('shop/web (sidecar) → shop/pay:80 http: unknown unknown');
  t.match(verify(blank, agreeing, OPTIONS), { verdict: 'inconclusive', why: 'nothing of it was known before' });
  t.match(verify(baseline(''), baseline(''), OPTIONS), { verdict: 'inconclusive', why: 'no cell was planned' });
  t.end();
});

t.test('a new conflict fails by its severity, unless it is the other side of what was meant', (t) => {
  const identity = 'reachability legacy/batch (naked) → shop/pay:80 http';
  const other = 'reachability shop/web (sidecar) → shop/pay:80 http';
  const after = (cells: readonly string[], severity: 'critical' | 'warning' = 'critical') =>
    baseline(changed(EXPOSED), { conflicts: [conflict('MP1005', { cells, severity })] });
  const verdictOf = (...args: Parameters<typeof after>): string =>
    verify(baseline(BEFORE), after(...args), { ...OPTIONS, expected: [MEANT] }).verdict;
  t.equal(verdictOf([identity]), 'pass');
  t.equal(verdictOf([identity, other]), 'pass', 'it explains routes that did not change as well');
  t.equal(verdictOf([other]), 'fail');
  t.equal(verdictOf([]), 'fail');
  t.equal(verdictOf([other], 'warning'), 'pass');
  const foretold = { ...OPTIONS, expected: [MEANT], allowedConflicts: ['MP1005 PeerAuthentication/shop/default'] };
  t.equal(verify(baseline(BEFORE), after([other]), foretold).verdict, 'pass');
  const unmeant = baseline(changed(EXPOSED, 'shop/web (sidecar) → shop/pay:80 http: closed blocked'), {
    conflicts: [conflict('MP1005', { cells: [identity, other] })],
  });
  t.match(verify(baseline(BEFORE), unmeant, { ...OPTIONS, expected: [MEANT] }), {
    why: '1 unexpected change, 1 new conflict',
  });
  t.end();
});
