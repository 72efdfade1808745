/** Judges a sweep: drift of every cell, conflicts, verdict. */
import type { Mesh } from '../declared/mesh.ts';
import type { Expectation } from '../declared/expectation.ts';
import { attribute } from './attribution.ts';
import { findConflicts } from './conflicts.ts';
import { CONFIRMED_BY_REPETITION, judgeCell } from './drift.ts';
import { gatherEvidence } from './evidence.ts';
import type { Cell, Conflict, Verdict } from './finding.ts';
import { unlessInFlight } from './in-flight.ts';
import type { Later } from './in-flight.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { afterSettling } from './settling.ts';
import { verdictOf } from './verdict.ts';
import type { VerdictOptions } from './verdict.ts';

export type { Later } from './in-flight.ts';
export type { MeasuredCell } from './measured-cell.ts';
export type { FailOn, VerdictOptions } from './verdict.ts';

export interface JudgeOptions extends VerdictOptions {
  /**
   * Objects outside the model (`KIND/NAMESPACE/NAME`) that somebody vouches for: drift on what they touch is drift, and
   * not `unknown` (MP1504). @default none
   */
  readonly trusted?: readonly string[];
  /**
   * Agents report over the network that they measure, so that what they report shows that their network works. Not so
   * where data planes are simulated. @default false
   */
  readonly sessionsAreControl?: boolean;
  /** Objects of other namespaces, but for the root namespace, have no findings of their own. @default all */
  readonly namespaces?: ReadonlySet<string> | 'all';
  /** How long a change may take to reach every proxy; what was seen of a change before that is in flight. @default 0 */
  readonly settleMs?: number;
}

export interface JudgeInput {
  readonly mesh: Mesh;
  /** Every planned cell, measured or not. */
  readonly cells: readonly MeasuredCell[];
  readonly options: JudgeOptions;
  /** Nothing is attempted again: drift that was seen once only is not reported. @default false */
  readonly isFinal?: boolean;
  /** Absent: the declared state did not change while it was measured. */
  readonly later?: Later;
}

export interface Judgement {
  /** In the order of the input. */
  readonly cells: readonly Cell[];
  readonly conflicts: readonly Conflict[];
  readonly verdict: Verdict;
}

/** Pure: the same input gives the same judgement. */
export function judge({ mesh, cells: measured, options, isFinal = false, later }: JudgeInput): Judgement {
  const evidence = gatherEvidence(mesh, measured, options.sessionsAreControl);
  const one = (cell: MeasuredCell): Cell => judgeCell(cell, evidence, isFinal, options.trusted);
  const judged = (cell: MeasuredCell): Cell =>
    isFinal ? afterSettling(mesh, one(cell), options.settleMs ?? 0, one) : one(cell);
  const settled = measured.map((cell, index): Cell => {
    const expectation = later?.expectations[index];
    if (later === undefined || expectation === undefined) return judged(cell);
    const rejudge = (declared: Expectation): Cell => judged({ ...cell, expectation: declared });
    return unlessInFlight(mesh, judged(cell), { mesh: later.mesh, expectation }, rejudge);
  });
  const cells = attribute(mesh, settled);
  const conflicts = findConflicts(mesh, cells, options.namespaces);
  return { cells, conflicts, verdict: verdictOf(cells, conflicts, options) };
}

/**
 * An endpoint of which something of its own is declared has not been met: a virtual address or a proxy chose others. Asked
 * of a judgement that is not final.
 */
export function hasUnmetEndpoint({ drift, cause, outcome }: Cell): boolean {
  return drift === 'unknown' && cause?.code === 'MP1501' && outcome.kind !== 'untested';
}

/** Drift that would fail a sweep is attempted once more, on a new connection, before it is reported. */
export function needsConfirmation(cell: Cell): boolean {
  return CONFIRMED_BY_REPETITION.has(cell.drift);
}
