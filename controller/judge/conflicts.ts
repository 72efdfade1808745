/** Declared objects that contradict each other or their own purpose: one finding a cause, with the cells that it explains. */
import { lint } from '../declared/lint.ts';
import type { Mesh } from '../declared/mesh.ts';
import { mergeDrafts } from './conflict-draft.ts';
import { healthConflicts } from './conflicts-health.ts';
import { lintConflicts } from './conflicts-lint.ts';
import { protectionConflicts } from './conflicts-protection.ts';
import { routeConflicts } from './conflicts-route.ts';
import type { Cell, Conflict } from './finding.ts';

/** Pure. Confirmed where at least one of its cells was measured and is as declared. Worst first. */
export function findConflicts(mesh: Mesh, cells: readonly Cell[]): readonly Conflict[] {
  return mergeDrafts([
    ...protectionConflicts(mesh, cells),
    ...routeConflicts(cells),
    ...healthConflicts(mesh, cells),
    ...lintConflicts(mesh, cells, lint(mesh)),
  ]);
}
