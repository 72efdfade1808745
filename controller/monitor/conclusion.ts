/** What a matrix as it stands comes to: its conflicts, its verdict, and what of them is new. */
import { findConflicts } from '../judge/conflicts.ts';
import type { Conflict, Verdict } from '../judge/finding.ts';
import type { JudgeOptions } from '../judge/judge.ts';
import { verdictOf } from '../judge/verdict.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { RouteNow } from './current.ts';
import type { ConflictChange, MonitorEvent } from './events.ts';

export interface Conclusion {
  readonly conflicts: readonly Conflict[];
  readonly verdict: Verdict;
}

export function conclude(mesh: Mesh, routes: readonly RouteNow[], options: JudgeOptions): Conclusion {
  const cells = routes.map(({ cell }) => cell);
  const conflicts = findConflicts(mesh, cells, options.namespaces);
  return { conflicts, verdict: verdictOf(cells, conflicts, options) };
}

/** What stands after all of these, oldest first: as it was told when it began. */
export function standingAfter(events: Iterable<MonitorEvent>): readonly Conflict[] {
  const standing = new Map<string, Conflict>();
  for (const event of events) {
    if (event.kind !== 'conflict') continue;
    if (event.isOver) standing.delete(nameOf(event.conflict));
    else standing.set(nameOf(event.conflict), event.conflict);
  }
  return [...standing.values()];
}

/** Those that the wire confirms count; one that merely cannot be seen at the moment is not over. */
export function conflictChanges(
  before: readonly Conflict[],
  after: readonly Conflict[],
  atMs: number,
): { readonly standing: readonly Conflict[]; readonly changes: readonly ConflictChange[] } {
  const former = new Map(before.map((conflict) => [nameOf(conflict), conflict]));
  const present = new Map(after.map((conflict) => [nameOf(conflict), conflict]));
  const began = after.filter((conflict) => conflict.isConfirmed && !former.has(nameOf(conflict)));
  const over = before.filter((conflict) => !present.has(nameOf(conflict)));
  const standing = [...before.filter((conflict) => present.has(nameOf(conflict))), ...began];
  const told = (isOver: boolean) => (conflict: Conflict) => ({ kind: 'conflict', atMs, isOver, conflict }) as const;
  return { standing, changes: [...began.map(told(false)), ...over.map(told(true))] };
}

function nameOf({ cause: { code, objects } }: Conflict): string {
  return [code, ...objects.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`)].join(' ');
}
