/** The findings of a sweep, one a cause, worst first, numbered so that the tables can point at them. */
import { outcomeWords } from './outcome-words.ts';
import type { Cause, Cell, Drift, Severity, Sweep } from '../judge/finding.ts';

export type FindingLabel = Exclude<Drift, 'agrees' | 'unknown'> | Severity | 'unknown';

export interface Finding {
  /** From 1, in the order of the list. */
  readonly number: number;
  readonly label: FindingLabel;
  readonly isConflict: boolean;
  /** The wire showed it. A finding that no cell confirms stands in the objects only. */
  readonly isConfirmed: boolean;
  readonly cause: Cause | null;
  /** Says why where no cause does. */
  readonly reason: string;
  /** Keys of the cells that it explains. */
  readonly cells: readonly string[];
}

export interface FindingList {
  readonly findings: readonly Finding[];
  /** The worst finding of a cell. */
  readonly numberOf: ReadonlyMap<string, number>;
}

const ORDER: readonly FindingLabel[] = [
  'exposed',
  'critical',
  'downgraded',
  'blocked',
  'error',
  'misplaced',
  'warning',
  'unknown',
];

/** Of those that a sweep fails for unless it was told otherwise; what the wire does not confirm is none of them. */
export function isFailure({ label, isConfirmed }: Pick<Finding, 'label' | 'isConfirmed'>): boolean {
  return isConfirmed && label !== 'misplaced' && label !== 'warning' && label !== 'unknown';
}

/** What the wire does not confirm is no worse than a warning: it must not stand before what fails, for any cell. */
function rankOf({ label, isConfirmed }: Pick<Finding, 'label' | 'isConfirmed'>): number {
  return isConfirmed ? ORDER.indexOf(label) : Math.max(ORDER.indexOf(label), ORDER.indexOf('warning'));
}

/** Drift of the same kind with the same cause and objects is one finding; what is not known comes last, by its reason. */
export function listFindings(sweep: Sweep): FindingList {
  const conflicts = sweep.conflicts.map((conflict): Omit<Finding, 'number'> => ({
    label: conflict.severity,
    isConflict: true,
    isConfirmed: conflict.isConfirmed,
    cause: conflict.cause,
    reason: '',
    cells: conflict.cells,
  }));
  const findings = [...driftFindings(sweep.cells), ...conflicts]
    .sort(
      (left, right) =>
        rankOf(left) - rankOf(right) ||
        Number(right.isConfirmed) - Number(left.isConfirmed) ||
        ORDER.indexOf(left.label) - ORDER.indexOf(right.label) ||
        right.cells.length - left.cells.length,
    )
    .map((finding, at): Finding => ({ number: at + 1, ...finding }));
  const numberOf = new Map<string, number>();
  for (const finding of findings) {
    for (const key of finding.cells) if (!numberOf.has(key)) numberOf.set(key, finding.number);
  }
  return { findings, numberOf };
}

function driftFindings(cells: readonly Cell[]): Omit<Finding, 'number'>[] {
  const groups = new Map<string, { label: FindingLabel; cause: Cause | null; reason: string; cells: string[] }>();
  for (const cell of cells) {
    if (cell.drift === 'agrees') continue;
    const { drift, cause, key } = cell;
    const reason = cause === null ? reasonOf(cell) : '';
    const groupKey = JSON.stringify([drift, cause?.code, cause?.objects, cause?.fix, reason]);
    const group = groups.get(groupKey);
    if (group === undefined) groups.set(groupKey, { label: drift, cause, reason, cells: [key] });
    else group.cells.push(key);
  }
  return [...groups.values()].map((group) => ({ ...group, isConflict: false, isConfirmed: true }));
}

/** Why a cell without a cause is what it is, in the words of its own outcome. */
export function reasonOf(cell: Cell): string {
  const measured = outcomeWords(cell.outcome);
  if (cell.drift !== 'unknown') return `${cell.key}: ${measured}, and no known cause explains it`;
  if (cell.outcome.kind === 'untested') return measured;
  return cell.expectation.warnings[0] ?? `${measured}, which proves nothing here`;
}
