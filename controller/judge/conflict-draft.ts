/** Conflicts while they are collected: what single cells and objects say, merged to one finding a cause. */
import { compareText } from '../declared/order.ts';
import type { Cause, Cell, Conflict, Severity } from './finding.ts';

/** What a conflict keeps of a cell. */
export type ExplainedCell = Pick<Cell, 'key' | 'drift'>;

/** One cell's (or one object's) part in a conflict. */
export interface ConflictDraft {
  /** Drafts of one key are one finding. */
  readonly key: string;
  readonly severity: Severity;
  /** Of several, the first by cell key speaks for all. */
  readonly cause: Cause;
  readonly cells: readonly ExplainedCell[];
}

const WORST_FIRST: readonly Severity[] = ['critical', 'error', 'warning'];

/** Worst first, then by code and key; cells sorted by key. */
export function mergeDrafts(drafts: readonly ConflictDraft[]): readonly Conflict[] {
  return [...Map.groupBy(drafts, ({ key }) => key)]
    .map(([key, members]) => ({ key, conflict: merge(members) }))
    .sort(
      (a, b) =>
        WORST_FIRST.indexOf(a.conflict.severity) - WORST_FIRST.indexOf(b.conflict.severity) ||
        compareText(a.conflict.cause.code, b.conflict.cause.code) ||
        compareText(a.key, b.key),
    )
    .map(({ conflict }) => conflict);
}

function merge(members: readonly ConflictDraft[]): Conflict {
  const sorted = members.toSorted((a, b) => compareText(a.cells[0]?.key ?? '', b.cells[0]?.key ?? ''));
  const severity =
    WORST_FIRST.find((candidate) => members.some((member) => member.severity === candidate)) ?? 'warning';
  const speaker = sorted.find((member) => member.severity === severity);
  const cells = members.flatMap((member) => member.cells);
  return {
    severity,
    cause: speaker?.cause ?? { code: 'MP1505', message: '', fix: '', objects: [] },
    cells: [...new Set(cells.map(({ key }) => key))].sort(compareText),
    isConfirmed: cells.some(({ drift }) => drift === 'agrees'),
  };
}
