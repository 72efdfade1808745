/** Drift that was measured while the declared state moved: held against the state before and the state after. */
import type { Expectation } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import { causeOf, objectName } from './cause.ts';
import type { Cell } from './finding.ts';
import { isDrifting } from './settling.ts';
import { listed, routeName, seen } from './sentences.ts';
import { objectsIn } from './trail-reading.ts';

/** The declared state as it was read when measuring was over. */
export interface Later {
  readonly mesh: Mesh;
  /** In the order of the cells. */
  readonly expectations: readonly Expectation[];
}

/**
 * `unknown`, where the target went away meanwhile, or where what was declared in the end would make something else of
 * what was seen; drift against both states is drift. `rejudge` judges the cell against another expectation.
 */
export function unlessInFlight(
  before: Mesh,
  cell: Cell,
  later: Pick<Later, 'mesh'> & { readonly expectation: Expectation },
  rejudge: (expectation: Expectation) => Cell,
): Cell {
  if (!isDrifting(cell)) return cell;
  const gone = whatBecameOf(before, later.mesh, cell);
  if (gone !== undefined) {
    const message = `${routeName(cell)} ${seen(cell.outcome)}, and ${gone} while it was measured.`;
    return { ...cell, drift: 'unknown', cause: causeOf('MP1014', message) };
  }
  if (rejudge(later.expectation).drift === cell.drift) return cell;
  const changed = changedBetween(cell.expectation, later.expectation, before, later.mesh);
  const what = changed.length === 0 ? 'the declared state' : listed(changed.map(objectName));
  const message = `${routeName(cell)} ${seen(cell.outcome)}, which would be ${cell.drift}; but ${what} changed while it was measured.`;
  return { ...cell, drift: 'unknown', cause: causeOf('MP1013', message, { objects: changed }) };
}

/** Of a pod target. What is ready no more may refuse what it likes; what was not ready before is judged as it is. */
function whatBecameOf(before: Mesh, after: Mesh, { target }: Cell): string | undefined {
  if (target.kind !== 'pod') return undefined;
  const key = `${target.namespace}/${target.name}`;
  const was = before.podsByKey.get(key);
  const is = after.podsByKey.get(key);
  if (is === undefined) return `${key} went away`;
  if (is.isEnding) return `${key} was being deleted`;
  return was?.isReady === true && !is.isReady ? `${key} became unready` : undefined;
}

/** Objects that decide in one of the two states, and are not the same in both. */
function changedBetween(before: Expectation, after: Expectation, was: Mesh, is: Mesh): readonly ObjectRef[] {
  return objectsIn([before, after]).filter(({ kind, namespace, name }) => {
    const [old, current] = [was, is].map((mesh) => mesh.metadataOf(kind, namespace, name)?.resourceVersion);
    return old !== current;
  });
}
