/** What a change has done: held against what was before it, and against what was meant. */
import type { VerdictValue } from '../judge/finding.ts';
import type { VerdictOptions } from '../judge/verdict.ts';
import type { Baseline, BaselineCell, BaselineConflict } from './baseline.ts';
import { compare } from './comparison.ts';
import type { Comparison, Difference } from './comparison.ts';
import { isMeant } from './expected-changes.ts';
import type { ExpectedChange } from './expected-changes.ts';

export interface VerifyOptions extends VerdictOptions {
  readonly expected: readonly ExpectedChange[];
  /** What was wrong before fails as well. @default false */
  readonly isStrict?: boolean;
}

export interface Verification {
  readonly before: Baseline;
  readonly after: Baseline;
  /** That nobody meant. */
  readonly unexpected: readonly Difference[];
  readonly meant: readonly Difference[];
  /** Meant, and not seen. */
  readonly missing: readonly ExpectedChange[];
  readonly comparison: Comparison;
  /** Judged cells / planned cells, 0 to 1. */
  readonly coverage: number;
  readonly verdict: VerdictValue;
  /** One line. */
  readonly why: string;
}

/** Only unexpected change fails; where too little could be measured, nothing is said to be well. */
export function verify(before: Baseline, after: Baseline, options: VerifyOptions): Verification {
  const comparison = compare(before, after);
  const { expected, isStrict = false, minCoverage, failOn } = options;
  const isExpected = (difference: Difference): boolean => expected.some((change) => isMeant(change, difference));
  const unexpected = comparison.differences.filter((difference) => !isExpected(difference));
  const meant = comparison.differences.filter(isExpected);
  const missing = expected.filter(
    (change) => !comparison.differences.some((difference) => isMeant(change, difference)),
  );
  const coverage = coverageOf(after.cells);
  const isFailing = ({ severity }: BaselineConflict): boolean => failOn.includes(severity);
  const faults = [
    phrase(unexpected.length, 'unexpected change'),
    phrase(missing.length, 'expected change that did not happen', 'expected changes that did not happen'),
    phrase(comparison.newConflicts.filter(isFailing).length, 'new conflict'),
    isStrict
      ? phrase(comparison.standing.length, 'violation that was there before', 'violations that were there before')
      : '',
    isStrict
      ? phrase(
          comparison.standingConflicts.filter(isFailing).length,
          'conflict that was there before',
          'conflicts that were there before',
        )
      : '',
  ].filter((words) => words !== '');
  const common = { before, after, unexpected, meant, missing, comparison, coverage };
  if (faults.length > 0) return { ...common, verdict: 'fail', why: faults.join(', ') };
  if (after.cells.length === 0) return { ...common, verdict: 'inconclusive', why: 'no cell was planned' };
  if (coverage < minCoverage) {
    const unknown = phrase(after.cells.filter((cell) => cell.drift === 'unknown').length, 'cell is', 'cells are');
    return { ...common, verdict: 'inconclusive', why: `${unknown} unknown, of ${String(after.cells.length)}` };
  }
  return { ...common, verdict: 'pass', why: wellOf(comparison, meant.length) };
}

function wellOf({ compared, standing }: Comparison, meant: number): string {
  const same =
    meant === 0
      ? 'as before'
      : `as before, but for ${phrase(meant, 'change')} that ${meant === 1 ? 'was' : 'were'} meant`;
  const old =
    standing.length === 0
      ? ''
      : `; ${phrase(standing.length, 'violation')} ${standing.length === 1 ? 'was' : 'were'} there before`;
  return `${phrase(compared, 'cell is', 'cells are')} ${same}${old}`;
}

function coverageOf(cells: readonly BaselineCell[]): number {
  if (cells.length === 0) return 0;
  return cells.filter(({ drift }) => drift !== 'unknown').length / cells.length;
}

function phrase(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? '' : `${String(count)} ${count === 1 ? one : many}`;
}
