/** Judges a sweep: drift of every cell, conflicts, verdict. */
import type { Mesh } from '../declared/mesh.ts';
import { findConflicts } from './conflicts.ts';
import { CONFIRMED_BY_REPETITION, judgeCell } from './drift.ts';
import { gatherEvidence } from './evidence.ts';
import type { Cell, Conflict, Verdict } from './finding.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { verdictOf } from './verdict.ts';
import type { VerdictOptions } from './verdict.ts';

export type { MeasuredCell } from './measured-cell.ts';
export type { FailOn, VerdictOptions } from './verdict.ts';

export interface JudgeInput {
  readonly mesh: Mesh;
  /** Every planned cell, measured or not. */
  readonly cells: readonly MeasuredCell[];
  readonly options: VerdictOptions;
  /** Nothing is attempted again: drift that was seen once only is not reported. @default false */
  readonly isFinal?: boolean;
}

export interface Judgement {
  /** In the order of the input. */
  readonly cells: readonly Cell[];
  readonly conflicts: readonly Conflict[];
  readonly verdict: Verdict;
}

/** Pure: the same input gives the same judgement. */
export function judge({ mesh, cells: measured, options, isFinal = false }: JudgeInput): Judgement {
  const evidence = gatherEvidence(mesh, measured);
  const cells = measured.map((cell) => judgeCell(cell, evidence, isFinal));
  const conflicts = findConflicts(mesh, cells);
  return { cells, conflicts, verdict: verdictOf(cells, conflicts, options) };
}

/** Drift that would fail a sweep is attempted once more, on a new connection, before it is reported. */
export function needsConfirmation(cell: Cell): boolean {
  return CONFIRMED_BY_REPETITION.has(cell.drift);
}
