/** The three-valued answer of a sweep: fail, inconclusive or pass, with the counts that it rests on. */
import { counted } from './sentences.ts';
import type { Cell, Conflict, Drift, Verdict } from './finding.ts';

export type FailOn = 'drift' | 'critical' | 'error' | 'warning';

export interface VerdictOptions {
  /** Judged cells / planned cells below which a sweep says nothing, 0 to 1. */
  readonly minCoverage: number;
  readonly failOn: readonly FailOn[];
}

/** Drift that fails a sweep. `misplaced` counts as a warning. */
const FAILING: readonly Drift[] = ['exposed', 'blocked', 'downgraded'];

/** An empty plan is never a pass: nothing was shown. */
export function verdictOf(cells: readonly Cell[], conflicts: readonly Conflict[], options: VerdictOptions): Verdict {
  const counts = countsOf(cells, conflicts);
  const coverage = cells.length === 0 ? 0 : (cells.length - counts.unknown) / cells.length;
  const violations = violationsOf(cells, conflicts, options.failOn);
  const common = { coverage, counts };
  if (violations.length > 0) return { value: 'fail', ...common, why: violations.join(', ') };
  if (cells.length === 0) return { value: 'inconclusive', ...common, why: 'no cell was planned' };
  if (coverage < options.minCoverage) {
    const why = `${String(counts.unknown)} of ${String(cells.length)} cells are unknown: coverage ${percent(coverage)}, asked for ${percent(options.minCoverage)}`;
    return { value: 'inconclusive', ...common, why };
  }
  return {
    value: 'pass',
    ...common,
    why: `${String(cells.length - counts.unknown)} of ${String(cells.length)} cells are judged, and nothing fails`,
  };
}

function violationsOf(
  cells: readonly Cell[],
  conflicts: readonly Conflict[],
  failOn: readonly FailOn[],
): readonly string[] {
  const drifting = FAILING.map((drift) => [cells.filter((cell) => cell.drift === drift).length, drift] as const);
  const misplaced = cells.filter(({ drift }) => drift === 'misplaced').length;
  const confirmed = conflicts.filter(({ isConfirmed }) => isConfirmed);
  const worded = [
    ...(failOn.includes('drift') ? drifting.map(([count, drift]) => phrase(count, `${drift} cell`)) : []),
    ...(['critical', 'error', 'warning'] as const)
      .filter((severity) => failOn.includes(severity))
      .map((severity) =>
        phrase(confirmed.filter((conflict) => conflict.severity === severity).length, `${severity} conflict`),
      ),
    ...(failOn.includes('warning') ? [phrase(misplaced, 'misplaced cell')] : []),
  ];
  return worded.filter((words) => words !== '');
}

function phrase(count: number, what: string): string {
  return count === 0 ? '' : counted(count, what);
}

function percent(share: number): string {
  return `${String(Math.floor(share * 1000) / 10)} %`;
}

function countsOf(cells: readonly Cell[], conflicts: readonly Conflict[]): Verdict['counts'] {
  const drift = (value: Drift): number => cells.filter((cell) => cell.drift === value).length;
  const severity = (value: Conflict['severity']): number =>
    conflicts.filter((conflict) => conflict.severity === value).length;
  return {
    planned: cells.length,
    agrees: drift('agrees'),
    exposed: drift('exposed'),
    blocked: drift('blocked'),
    downgraded: drift('downgraded'),
    misplaced: drift('misplaced'),
    unknown: drift('unknown'),
    deniedAsDeclared: cells.filter((cell) => cell.drift === 'agrees' && cell.expectation.expect === 'deny').length,
    flapping: cells.filter(({ isFlapping }) => isFlapping).length,
    critical: severity('critical'),
    error: severity('error'),
    warning: severity('warning'),
  };
}
