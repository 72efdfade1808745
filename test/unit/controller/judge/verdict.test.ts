import t from 'tap';
import type { Cell, Conflict, Drift, Severity, VerdictValue } from '../../../../controller/judge/finding.ts';
import { needsConfirmation } from '../../../../controller/judge/judge.ts';
import { verdictOf } from '../../../../controller/judge/verdict.ts';
import type { FailOn } from '../../../../controller/judge/verdict.ts';
import { allow, cell, deny, reached, refused } from './cells.ts';

const cellOf = (drift: Drift): Cell => ({
  ...cell({ expectation: allow(), outcome: reached() }),
  drift,
  isFlapping: false,
  cause: null,
});
const conflictOf = (severity: Severity, isConfirmed = true): Conflict => ({
  severity,
  cause: { code: 'MP1002', message: '', fix: '', objects: [] },
  cells: [],
  isConfirmed,
});
const DEFAULT: readonly FailOn[] = ['drift', 'critical', 'error'];

interface Row {
  readonly says: string;
  readonly drifts?: readonly Drift[];
  readonly conflicts?: readonly Conflict[];
  readonly failOn?: readonly FailOn[];
  readonly minCoverage?: number;
  readonly value: VerdictValue;
}

const ROWS: readonly Row[] = [
  { says: 'everything agrees', value: 'pass' },
  { says: 'one cell is exposed', drifts: ['agrees', 'exposed'], value: 'fail' },
  { says: 'one cell is blocked', drifts: ['agrees', 'blocked'], value: 'fail' },
  { says: 'one cell is downgraded', drifts: ['agrees', 'downgraded'], value: 'fail' },
  { says: 'one cell is misplaced', drifts: ['agrees', 'misplaced'], value: 'pass' },
  { says: 'one cell is misplaced, and warnings fail', drifts: ['misplaced'], failOn: ['warning'], value: 'fail' },
  { says: 'drift is not asked for', drifts: ['exposed'], failOn: ['critical'], value: 'pass' },
  { says: 'a critical conflict', conflicts: [conflictOf('critical')], value: 'fail' },
  { says: 'an error conflict', conflicts: [conflictOf('error')], value: 'fail' },
  { says: 'a warning conflict', conflicts: [conflictOf('warning')], value: 'pass' },
  {
    says: 'a warning conflict, and warnings fail',
    conflicts: [conflictOf('warning')],
    failOn: ['warning'],
    value: 'fail',
  },
  {
    says: 'a critical conflict that the wire does not confirm',
    conflicts: [conflictOf('critical', false)],
    value: 'pass',
  },
  { says: 'half is unknown', drifts: ['agrees', 'unknown'], value: 'inconclusive' },
  { says: 'half is unknown, and half is enough', drifts: ['agrees', 'unknown'], minCoverage: 0.5, value: 'pass' },
  { says: 'everything is unknown', drifts: ['unknown'], minCoverage: 0.01, value: 'inconclusive' },
  { says: 'exposed weighs more than unknown', drifts: ['exposed', 'unknown'], value: 'fail' },
  { says: 'nothing was planned', drifts: [], minCoverage: 0, value: 'inconclusive' },
];

const AGREES: readonly Drift[] = ['agrees'];

for (const { says, drifts = AGREES, conflicts = [], failOn = DEFAULT, minCoverage = 0.95, value } of ROWS) {
  t.test(`${says}: ${value}`, (t) => {
    t.equal(verdictOf(drifts.map(cellOf), conflicts, { minCoverage, failOn }).value, value);
    t.end();
  });
}

t.test('counts and coverage are those of the cells and conflicts', (t) => {
  const denied: Cell = {
    ...cell({ expectation: deny(), outcome: refused('application', 'reset') }),
    drift: 'agrees',
    isFlapping: true,
    cause: null,
  };
  const drifts: readonly Drift[] = ['agrees', 'exposed', 'blocked', 'blocked', 'downgraded', 'misplaced', 'unknown'];
  const verdict = verdictOf(
    [...drifts.map(cellOf), denied],
    [conflictOf('critical'), conflictOf('error'), conflictOf('error'), conflictOf('warning', false)],
    { minCoverage: 1, failOn: DEFAULT },
  );
  t.same(verdict, {
    value: 'fail',
    coverage: 7 / 8,
    counts: {
      planned: 8,
      agrees: 2,
      exposed: 1,
      blocked: 2,
      downgraded: 1,
      misplaced: 1,
      unknown: 1,
      deniedAsDeclared: 1,
      flapping: 1,
      critical: 1,
      error: 2,
      warning: 1,
    },
    why: '1 exposed cell, 2 blocked cells, 1 downgraded cell, 1 critical conflict, 2 error conflicts',
  });
  t.end();
});

t.test('only drift that would fail a sweep is attempted again', (t) => {
  const drifts: readonly Drift[] = ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'];
  const again = drifts.filter((drift) => needsConfirmation(cellOf(drift)));
  t.same(again, ['exposed', 'blocked', 'downgraded']);
  t.end();
});
