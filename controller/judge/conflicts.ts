/** Declared objects that contradict each other or their own purpose: one finding a cause, with the cells that it explains. */
import { lint } from '../declared/lint.ts';
import type { Mesh } from '../declared/mesh.ts';
import { generatedCause } from './attribution.ts';
import { mergeDrafts } from './conflict-draft.ts';
import type { ConflictDraft } from './conflict-draft.ts';
import { healthConflicts } from './conflicts-health.ts';
import { isOpenToPlaintext, lintConflicts } from './conflicts-lint.ts';
import type { OpenCell } from './conflicts-lint.ts';
import { protectionConflicts } from './conflicts-protection.ts';
import { routeConflicts } from './conflicts-route.ts';
import type { Cell, Conflict } from './finding.ts';

/** Takes the cells of a mesh in any portions, and keeps of them no more than what conflicts need. */
export interface ConflictCollector {
  readonly add: (cells: readonly Cell[]) => void;
  /** Confirmed where at least one of its cells was measured and is as declared. Worst first. */
  readonly conflicts: () => readonly Conflict[];
}

/**
 * What is wrong with objects themselves is told of those of the namespaces, and of the root namespace, which holds for
 * all; other teams' objects are their own affair. @param namespaces default all
 */
export function collectConflicts(mesh: Mesh, namespaces: ReadonlySet<string> | 'all' = 'all'): ConflictCollector {
  const findings = lint(mesh).filter(
    ({ object: { namespace } }) =>
      namespaces === 'all' || namespaces.has(namespace) || namespace === mesh.rootNamespace,
  );
  const isAskedForOpen = findings.some(({ isStricter }) => isStricter);
  const drafts: ConflictDraft[] = [];
  const open: OpenCell[] = [];
  return {
    add: (cells) => {
      for (const draft of [
        ...protectionConflicts(mesh, cells),
        ...routeConflicts(cells),
        ...healthConflicts(mesh, cells),
      ]) {
        drafts.push({ ...draft, cells: draft.cells.map(({ key, drift }) => ({ key, drift })) });
      }
      if (!isAskedForOpen) return;
      for (const { key, drift, vantage, source, target, table } of cells.filter(isOpenToPlaintext)) {
        open.push({ key, drift, vantage, source, target, table });
      }
    },
    conflicts: () =>
      mergeDrafts([...drafts, ...lintConflicts(mesh, open, findings)]).map((conflict) => ({
        ...conflict,
        cause: generatedCause(mesh, conflict.cause),
      })),
  };
}

/** Pure: the conflicts of all these cells together. */
export function findConflicts(
  mesh: Mesh,
  cells: readonly Cell[],
  namespaces: ReadonlySet<string> | 'all' = 'all',
): readonly Conflict[] {
  const collector = collectConflicts(mesh, namespaces);
  collector.add(cells);
  return collector.conflicts();
}
