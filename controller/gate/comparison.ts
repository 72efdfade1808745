/** Two baselines held against each other. */
import { conflictName } from './baseline.ts';
import type { Baseline, BaselineCell, BaselineConflict } from './baseline.ts';

/** `found`: a violation where nothing was known before. */
export type Difference =
  | { readonly kind: 'changed' | 'found'; readonly before: BaselineCell; readonly after: BaselineCell }
  | { readonly kind: 'new'; readonly before: null; readonly after: BaselineCell }
  | { readonly kind: 'gone'; readonly before: BaselineCell; readonly after: null };

export interface Comparison {
  /** By identity. */
  readonly differences: readonly Difference[];
  /** Known before, and not known now. */
  readonly lost: readonly BaselineCell[];
  /** Violations that both have alike, as they are now. */
  readonly standing: readonly BaselineCell[];
  /** Closed as before and as declared, but now by another layer than the declared one: a warning, no difference. */
  readonly shifted: readonly BaselineCell[];
  readonly newConflicts: readonly BaselineConflict[];
  readonly endedConflicts: readonly BaselineConflict[];
  readonly standingConflicts: readonly BaselineConflict[];
  /** Cells that both have, and know. */
  readonly compared: number;
}

/** What is not known is neither new nor another than it was. */
export function compare(before: Baseline, after: Baseline): Comparison {
  const former = new Map(before.cells.map((cell) => [cell.identity, cell]));
  const present = new Map(after.cells.map((cell) => [cell.identity, cell]));
  const identities = [...new Set([...former.keys(), ...present.keys()])].sort();
  const differences = identities.flatMap((identity) => differenceOf(former.get(identity), present.get(identity)));
  const both = after.cells.flatMap((cell) => {
    const old = former.get(cell.identity);
    return old === undefined ? [] : [{ old, cell }];
  });
  const oldConflicts = new Set(before.conflicts.map(conflictName));
  const conflictNames = new Set(after.conflicts.map(conflictName));
  return {
    differences,
    lost: both.flatMap(({ old, cell }) => (isKnown(old) && !isKnown(cell) ? [cell] : [])),
    standing: both.flatMap(({ old, cell }) => (isViolation(cell) && isSame(old, cell) ? [cell] : [])),
    shifted: both.flatMap(({ old, cell }) => (old.drift === 'agrees' && cell.drift === 'misplaced' ? [cell] : [])),
    newConflicts: after.conflicts.filter((conflict) => !oldConflicts.has(conflictName(conflict))),
    endedConflicts: before.conflicts.filter((conflict) => !conflictNames.has(conflictName(conflict))),
    standingConflicts: after.conflicts.filter((conflict) => oldConflicts.has(conflictName(conflict))),
    compared: both.filter(({ old, cell }) => isKnown(old) && isKnown(cell)).length,
  };
}

export function isViolation({ drift }: BaselineCell): boolean {
  return drift === 'exposed' || drift === 'blocked' || drift === 'downgraded';
}

export function isKnown({ measured, drift }: BaselineCell): boolean {
  return measured !== 'unknown' && drift !== 'unknown';
}

function isSame(before: BaselineCell, after: BaselineCell): boolean {
  return before.measured === after.measured && (before.drift === after.drift || isHarmless(before, after));
}

function isHarmless(before: BaselineCell, after: BaselineCell): boolean {
  return [before, after].every(({ drift }) => drift === 'agrees' || drift === 'misplaced');
}

function differenceOf(before: BaselineCell | undefined, after: BaselineCell | undefined): readonly Difference[] {
  if (before === undefined) return after === undefined ? [] : [{ kind: 'new', before: null, after }];
  if (after === undefined) return [{ kind: 'gone', before, after: null }];
  if (isKnown(before) && isKnown(after)) return isSame(before, after) ? [] : [{ kind: 'changed', before, after }];
  return !isKnown(before) && isViolation(after) ? [{ kind: 'found', before, after }] : [];
}
