/** What of a matrix a rollout answers for. */
import type { Baseline, BaselineCell, BaselineConflict } from '../../gate/baseline.ts';
import { isKnown } from '../../gate/comparison.ts';
import type { Difference } from '../../gate/comparison.ts';
import type { ObjectRef } from '../../declared/expectation.ts';

export interface RolloutScope {
  readonly namespaces: readonly string[];
  /** `namespace/service`: of these targets only; empty: of all in the namespaces, and of what is called from there. */
  readonly services: readonly string[];
}

/** The same baseline, with the cells and conflicts that the rollout answers for. */
export function scoped(baseline: Baseline, scope: RolloutScope): Baseline {
  const cells = new Map(baseline.cells.map((cell) => [cell.identity, cell]));
  return {
    ...baseline,
    cells: baseline.cells.filter((cell) => isTarget(cell, scope) || (isCaller(cell, scope) && isKnown(cell))),
    conflicts: baseline.conflicts.filter((conflict) => isConcerned(conflict, cells, scope)),
  };
}

/**
 * A call between two namespaces concerns the rollouts of both, unless what changed it is known and lies with the other
 * one alone. What lies with neither (a policy of the whole mesh) concerns both.
 */
export function isLaidElsewhere(difference: Difference, { namespaces }: RolloutScope): boolean {
  const cells = [difference.before, difference.after].flatMap((cell) => cell ?? []);
  const ends = cells.flatMap((cell) => [callerNamespace(cell), targetNamespace(cell)]);
  const others = new Set(ends.filter((namespace) => namespace !== '' && !namespaces.includes(namespace)));
  const objects: readonly ObjectRef[] = cells.flatMap((cell) => cell.objects);
  const isOthers = objects.some(({ namespace }) => others.has(namespace));
  return isOthers && objects.every(({ namespace }) => others.has(namespace));
}

function isTarget(cell: BaselineCell, { namespaces, services }: RolloutScope): boolean {
  const place = targetPlace(cell);
  if (!namespaces.includes(targetNamespace(cell)) && !services.includes(place)) return false;
  return services.length === 0 || services.includes(place);
}

/** Whom the workloads of the rollout call is told by their own outbound policy; that nobody knows is not their fault. */
function isCaller(cell: BaselineCell, { namespaces, services }: RolloutScope): boolean {
  return services.length === 0 && namespaces.includes(callerNamespace(cell));
}

/** It has a hand in the conflict, or suffers from one that only objects of the whole mesh have a hand in. */
function isConcerned(
  { objects, cells }: BaselineConflict,
  known: ReadonlyMap<string, BaselineCell>,
  scope: RolloutScope,
): boolean {
  const places = [...scope.namespaces, ...scope.services.map((service) => service.split('/', 1)[0] ?? '')];
  if (objects.some(({ namespace }) => places.includes(namespace))) return true;
  const explained = cells.flatMap((identity) => known.get(identity) ?? []);
  const ends = new Set(explained.flatMap((cell) => [callerNamespace(cell), targetNamespace(cell)]));
  return explained.some((cell) => isTarget(cell, scope)) && objects.every(({ namespace }) => !ends.has(namespace));
}

/** `shop/pay` of `shop/pay:8080`, `pods:shop/pay:8080` and `shop/pay:80 via edge/gateway:80 (shop.example)`. */
function targetPlace({ target }: BaselineCell): string {
  return target.replace(/^pods:/, '').replace(/:.*$/, '');
}

function targetNamespace(cell: BaselineCell): string {
  return targetPlace(cell).split('/', 1)[0] ?? '';
}

function callerNamespace({ vantage }: BaselineCell): string {
  return vantage.split('/', 1)[0] ?? '';
}
