/** Whether a rollout has done harm: what it answers for, as it was before and as it is now. */
import type { Severity, VerdictValue } from '../../judge/finding.ts';
import type { Baseline, BaselineCell, BaselineConflict } from '../../gate/baseline.ts';
import { compare, isViolation } from '../../gate/comparison.ts';
import type { Comparison, Difference } from '../../gate/comparison.ts';
import { isLaidElsewhere, scoped } from './rollout-scope.ts';
import type { RolloutScope } from './rollout-scope.ts';

export interface RolloutOptions {
  readonly scope: RolloutScope;
  /** Judged cells / cells of the scope below which nothing passes, 0 to 1. */
  readonly minCoverage: number;
  /** What was wrong before fails as well. */
  readonly isStrict: boolean;
}

export interface RolloutJudgement {
  readonly verdict: VerdictValue;
  /** Changes for the worse, worst first. */
  readonly regressions: readonly Difference[];
  readonly newConflicts: readonly BaselineConflict[];
  /** Wrong now, and before. */
  readonly standing: readonly BaselineCell[];
  readonly standingConflicts: readonly BaselineConflict[];
  /** Cells of the scope, as they are now. */
  readonly total: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of an inconclusive one: why; otherwise empty. */
  readonly why: string;
}

const FAILING: readonly Severity[] = ['critical', 'error'];

/**
 * Fails for what was not so before, and where too little is known says nothing. That a rollout brings routes that are as
 * declared, takes its own pods away, or mends what was wrong is what rollouts are for.
 */
export function judgeRollout(before: Baseline, after: Baseline, options: RolloutOptions): RolloutJudgement {
  const { scope, isStrict } = options;
  const now = scoped(after, scope);
  const comparison = compare(scoped(before, scope), now);
  const isServiceGone = (cell: BaselineCell): boolean =>
    cell.table === 'reachability' && isAnswered(cell) && after.cells.every(({ target }) => target !== cell.target);
  const regressions = comparison.differences
    .filter((difference) => isRegression(difference, isServiceGone) && !isLaidElsewhere(difference, scope))
    .sort((a, b) => rankOf(a) - rankOf(b));
  const newConflicts = comparison.newConflicts.filter(isFailing);
  const { standing } = comparison;
  const standingConflicts = comparison.standingConflicts.filter(isFailing);
  const changed = regressions.filter(({ after: cell }) => cell !== null).length;
  const judged = {
    regressions,
    newConflicts,
    standing,
    standingConflicts,
    total: now.cells.length,
    failed: changed + (isStrict ? standing.length : 0),
    unknown: now.cells.filter(({ drift }) => drift === 'unknown').length,
  };
  const faults = regressions.length + newConflicts.length;
  const old = isStrict ? standing.length + standingConflicts.length : 0;
  if (faults + old > 0) return { ...judged, verdict: 'fail', why: '' };
  const why = doubtOf(judged, comparison, options);
  return { ...judged, verdict: why === '' ? 'pass' : 'inconclusive', why };
}

function doubtOf(
  { total, unknown }: Pick<RolloutJudgement, 'total' | 'unknown'>,
  { compared }: Comparison,
  { scope, minCoverage }: RolloutOptions,
): string {
  if (total === 0) return `nothing is measured of ${[...scope.namespaces, ...scope.services].join(', ')}`;
  if ((total - unknown) / total < minCoverage) return `not known now: ${String(unknown)} of ${String(total)} cells`;
  if (compared === 0) return 'nothing of it was known before';
  return '';
}

function isRegression(difference: Difference, isServiceGone: (cell: BaselineCell) => boolean): boolean {
  switch (difference.kind) {
    case 'found':
      return true;
    case 'new':
      return isViolation(difference.after);
    case 'gone':
      return isServiceGone(difference.before);
    case 'changed': {
      const isMended = isViolation(difference.before) && difference.after.drift === 'agrees';
      return !isMended;
    }
  }
}

function isAnswered({ measured }: BaselineCell): boolean {
  return measured !== 'closed' && measured !== 'unknown';
}

function isFailing({ severity }: BaselineConflict): boolean {
  return FAILING.includes(severity);
}

const WORST = ['exposed', 'blocked', 'downgraded'];

function rankOf({ after }: Difference): number {
  const at = WORST.indexOf(after?.drift ?? '');
  return at === -1 ? WORST.length : at;
}
