/** What a change has done: held against what was before it, and against what was meant. */
import type { VerdictValue } from '../judge/finding.ts';
import { counted } from '../judge/sentences.ts';
import type { VerdictOptions } from '../judge/verdict.ts';
import { conflictName } from './baseline.ts';
import type { Baseline, BaselineCell, BaselineConflict } from './baseline.ts';
import { compare } from './comparison.ts';
import type { Comparison, Difference } from './comparison.ts';
import { isMeant, missingChange } from './expected-changes.ts';
import type { ExpectedChange, MissingChange } from './expected-changes.ts';

export interface VerifyOptions extends VerdictOptions {
  /** Each has to happen. */
  readonly expected: readonly ExpectedChange[];
  /** May happen, and need not. @default none */
  readonly allowed?: readonly ExpectedChange[];
  /** Conflicts that may come with it, by `conflictName`. @default none */
  readonly allowedConflicts?: readonly string[];
  /** What was wrong before fails as well. @default false */
  readonly isStrict?: boolean;
  /** Why `after` cannot be relied on, as `the declared state changed while it was measured`. @default nothing */
  readonly doubt?: string;
}

export interface Verification {
  readonly before: Baseline;
  readonly after: Baseline;
  /** That nobody meant. */
  readonly unexpected: readonly Difference[];
  readonly meant: readonly Difference[];
  /** Meant, and not seen. */
  readonly missing: readonly MissingChange[];
  /** New, of a severity that fails, and not explained by a change that was meant. */
  readonly unexpectedConflicts: readonly BaselineConflict[];
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
  const { expected, allowed = [] } = options;
  const isExpected = (difference: Difference): boolean =>
    [...expected, ...allowed].some((change) => isMeant(change, difference));
  const { differences } = comparison;
  const unexpected = differences.filter((difference) => !isExpected(difference));
  const meant = differences.filter(isExpected);
  const comesWithIt = withWhatWasMeant(meant, unexpected, options.allowedConflicts);
  const judged = {
    before,
    after,
    unexpected,
    meant,
    missing: expected.flatMap((change) => missingChange(change, { before, after, differences }) ?? []),
    unexpectedConflicts: comparison.newConflicts.filter(
      (conflict) => options.failOn.includes(conflict.severity) && !comesWithIt(conflict),
    ),
    comparison,
    coverage: coverageOf(after.cells),
  };
  const faults = faultsOf(judged, options);
  if (faults.length > 0) return { ...judged, verdict: 'fail', why: faults.join(', ') };
  const doubts = doubtsOf(judged, options);
  if (doubts.length > 0) return { ...judged, verdict: 'inconclusive', why: doubts.join(', ') };
  return { ...judged, verdict: 'pass', why: wellOf(comparison, judged.meant.length) };
}

/** A conflict is the other side of what was meant where it explains some of that, and nothing that was not. */
function withWhatWasMeant(
  meant: readonly Difference[],
  unexpected: readonly Difference[],
  allowed: readonly string[] = [],
): (conflict: BaselineConflict) => boolean {
  const identities = (differences: readonly Difference[]): ReadonlySet<string> =>
    new Set(differences.map(({ before, after }) => (after ?? before).identity));
  const [isMeantCell, isOtherCell] = [identities(meant), identities(unexpected)];
  return (conflict) =>
    allowed.includes(conflictName(conflict)) ||
    (conflict.cells.some((cell) => isMeantCell.has(cell)) && !conflict.cells.some((cell) => isOtherCell.has(cell)));
}

type Judged = Omit<Verification, 'verdict' | 'why'>;

function faultsOf(
  { unexpected, missing, unexpectedConflicts, comparison: { standing, standingConflicts } }: Judged,
  { isStrict = false, failOn }: VerifyOptions,
): readonly string[] {
  const old = standingConflicts.filter(({ severity }) => failOn.includes(severity));
  return [
    phrase(unexpected.length, 'unexpected change'),
    phrase(
      missing.filter(({ why }) => why !== 'unknown').length,
      'expected change that did not happen',
      'expected changes that did not happen',
    ),
    phrase(unexpectedConflicts.length, 'new conflict'),
    isStrict ? phrase(standing.length, 'violation that was there before', 'violations that were there before') : '',
    isStrict ? phrase(old.length, 'conflict that was there before', 'conflicts that were there before') : '',
  ].filter((words) => words !== '');
}

function doubtsOf(
  { after, missing, coverage, comparison }: Judged,
  { minCoverage, doubt = '' }: VerifyOptions,
): readonly string[] {
  if (after.cells.length === 0) return ['no cell was planned'];
  const unknown = after.cells.filter(({ drift }) => drift === 'unknown').length;
  const isThin = coverage < minCoverage;
  return [
    doubt,
    comparison.compared === 0 ? 'nothing of it was known before' : '',
    isThin ? `${phrase(unknown, 'cell is', 'cells are')} unknown, of ${String(after.cells.length)}` : '',
    phrase(
      missing.filter(({ why }) => why === 'unknown').length,
      'expected change could not be measured',
      'expected changes could not be measured',
    ),
  ].filter((words) => words !== '');
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
  return `${phrase(compared, 'cell is', 'cells are') || 'no cell is'} ${same}${old}`;
}

function coverageOf(cells: readonly BaselineCell[]): number {
  if (cells.length === 0) return 0;
  return cells.filter(({ drift }) => drift !== 'unknown').length / cells.length;
}

function phrase(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? '' : counted(count, one, many);
}
