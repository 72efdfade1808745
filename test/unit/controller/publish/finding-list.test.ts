import t from 'tap';
import { isFailure, listFindings } from '../../../../controller/publish/finding-list.ts';
import type { Conflict, Severity } from '../../../../controller/judge/finding.ts';
import * as made from '../../../support/sweeps.ts';

const drifted = (source: string, drift: 'exposed' | 'blocked' | 'misplaced', name = 'default') =>
  made.cell({ source, drift, cause: made.cause('MP1001', `${source} drifts`, name) });

t.test('findings come worst first, whatever the order of the cells', (t) => {
  const sweep = made.sweep(
    [drifted('a/misplaced', 'misplaced'), drifted('b/blocked', 'blocked'), drifted('c/exposed', 'exposed')],
    [
      { severity: 'warning', cause: made.cause('MP1009', 'w'), cells: [], isConfirmed: false },
      { severity: 'error', cause: made.cause('MP1002', 'e'), cells: [], isConfirmed: true },
      { severity: 'critical', cause: made.cause('MP1005', 'c'), cells: [], isConfirmed: true },
    ],
  );
  t.same(
    listFindings(sweep).findings.map(({ number, label }) => `${String(number)} ${label}`),
    ['1 exposed', '2 critical', '3 blocked', '4 error', '5 misplaced', '6 warning'],
  );
  t.end();
});

t.test('what the wire does not confirm comes after what fails and among the warnings', (t) => {
  const conflict = (severity: Severity, isConfirmed: boolean): Conflict => ({
    severity,
    isConfirmed,
    cause: made.cause('MP1005', `${severity} ${String(isConfirmed)}`),
    cells: [],
  });
  const sweep = made.sweep(
    [drifted('a/misplaced', 'misplaced'), drifted('b/blocked', 'blocked')],
    [conflict('error', false), conflict('critical', false), conflict('warning', true), conflict('error', true)],
  );
  t.same(
    listFindings(sweep).findings.map((one) => `${one.label}${one.isConfirmed ? '' : '?'}${isFailure(one) ? '!' : ''}`),
    ['blocked!', 'error!', 'misplaced', 'warning', 'critical?', 'error?'],
  );
  t.end();
});

t.test('one cause that explains several cells is one finding; other objects make another', (t) => {
  const list = listFindings(
    made.sweep([drifted('a/a', 'exposed'), drifted('b/b', 'exposed'), drifted('c/c', 'exposed', 'other')]),
  );
  t.same(
    list.findings.map(({ cells }) => cells.length),
    [2, 1],
  );
  t.end();
});

t.test('a cell points at its worst finding', (t) => {
  const cell = drifted('a/a', 'exposed');
  const conflict = {
    severity: 'warning',
    cause: made.cause('MP1009', 'w'),
    cells: [cell.key],
    isConfirmed: true,
  } as const;
  t.equal(listFindings(made.sweep([cell], [conflict])).numberOf.get(cell.key), 1);
  t.end();
});

t.test('cells that agree are no finding; unknown ones are gathered by their reason', (t) => {
  const sweep = made.sweep([
    made.cell({
      source: 'a/a',
      expectation: made.refusedByStrict,
      outcome: made.reset,
      cause: made.cause('MP1001', 'x'),
    }),
    made.cell({ source: 'b/b', drift: 'unknown', outcome: made.untested }),
    made.cell({ source: 'c/c', drift: 'unknown', cause: made.cause('MP1504', 'an EnvoyFilter touches it') }),
  ]);
  t.same(
    listFindings(sweep).findings.map(({ label }) => label),
    ['unknown', 'unknown'],
  );
  t.end();
});
