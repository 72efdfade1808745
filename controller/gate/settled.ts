/** Several sweeps of one state, the last of which counts where it says the same as the one before it. */
import type { Baseline, BaselineCell, BaselineConflict } from './baseline.ts';
import { conflictName } from './baseline.ts';
import { compare, isKnown } from './comparison.ts';

/** A route that was not measured the same in all of the sweeps. */
export interface Flap {
  readonly identity: string;
  /** Sweep by sweep, in their order; null where the sweep has no such route. */
  readonly seen: readonly (Pick<BaselineCell, 'measured' | 'drift'> | null)[];
  /** The last two sweeps disagree: nobody can say what is so. */
  readonly isOpen: boolean;
}

export interface Settled {
  /** The last sweep; what it says otherwise than the one before is unknown in it, and conflicts of one alone are not. */
  readonly after: Baseline;
  readonly flaps: readonly Flap[];
  /** Conflicts that one of the last two sweeps alone confirmed: nobody can say whether they are there. */
  readonly openConflicts: readonly BaselineConflict[];
}

/** Whether nothing that counts differs between two sweeps. */
export function saysTheSame(earlier: Baseline, later: Baseline): boolean {
  const { differences, lost } = compare(earlier, later);
  return differences.length === 0 && lost.length === 0 && conflictNames(earlier) === conflictNames(later);
}

/** One sweep alone counts as it is. @param sweeps Oldest first; throws RangeError for none. */
export function settled(sweeps: readonly Baseline[]): Settled {
  const last = sweeps.at(-1);
  if (last === undefined) throw new RangeError('there is no sweep');
  const previous = sweeps.at(-2);
  const byIdentity = sweeps.map(({ cells }) => new Map(cells.map((cell) => [cell.identity, cell])));
  const identities = [...new Set(sweeps.flatMap(({ cells }) => cells.map(({ identity }) => identity)))].sort();
  const flaps = identities.flatMap((identity) => {
    const cells = byIdentity.map((sweep) => sweep.get(identity));
    const known = cells.filter((cell) => cell === undefined || isKnown(cell));
    if (new Set(known.map(says)).size < 2) return [];
    const seen = cells.map((cell) => (cell === undefined ? null : { measured: cell.measured, drift: cell.drift }));
    return [{ identity, seen, isOpen: says(cells.at(-1)) !== says(cells.at(-2)) }];
  });
  const open = new Map(flaps.filter(({ isOpen }) => isOpen).map((flap) => [flap.identity, flap]));
  const cells = last.cells.map((cell) => {
    const flap = open.get(cell.identity);
    return flap === undefined ? cell : undecided(cell, flap);
  });
  const gone = previous === undefined ? [] : goneMeanwhile(previous, open, byIdentity.at(-1) ?? new Map());
  const { conflicts, openConflicts } = confirmedAgain(previous ?? last, last);
  return { after: { ...last, cells: [...cells, ...gone].sort(byName), conflicts }, flaps, openConflicts };
}

/** Closed by another layer than the declared one is closed all the same: no difference, as in `compare`. */
function says(cell: BaselineCell | undefined): string {
  if (cell === undefined) return 'none';
  return `${cell.measured} ${cell.drift === 'misplaced' ? 'agrees' : cell.drift}`;
}

/** A route that has gone between two sweeps may come again. */
function goneMeanwhile(
  previous: Baseline,
  open: ReadonlyMap<string, Flap>,
  present: ReadonlyMap<string, BaselineCell>,
): readonly BaselineCell[] {
  return previous.cells.flatMap((cell) => {
    const flap = present.has(cell.identity) ? undefined : open.get(cell.identity);
    return flap === undefined ? [] : [undecided(cell, flap)];
  });
}

function undecided(cell: BaselineCell, { seen }: Flap): BaselineCell {
  const each = seen.map((one) => one?.measured ?? 'not there').join(', then ');
  const message = `It was measured ${String(seen.length)} times, each time otherwise: ${each}.`;
  return {
    ...cell,
    measured: 'unknown',
    drift: 'unknown',
    cause: null,
    message,
    fix: '',
    objects: [],
    isFlapping: true,
  };
}

/** A conflict is confirmed by cells; those of one sweep alone may have been confirmed by one that flaps. */
function confirmedAgain(
  previous: Baseline,
  last: Baseline,
): { readonly conflicts: readonly BaselineConflict[]; readonly openConflicts: readonly BaselineConflict[] } {
  const { newConflicts, endedConflicts, standingConflicts } = compare(previous, last);
  return { conflicts: standingConflicts, openConflicts: [...newConflicts, ...endedConflicts] };
}

function conflictNames({ conflicts }: Baseline): string {
  return conflicts.map(conflictName).sort().join('\n');
}

function byName(a: BaselineCell, b: BaselineCell): number {
  return a.identity < b.identity ? -1 : 1;
}
