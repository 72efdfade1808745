/** A change of a route's state, told: what it was, what it is, and who decides. */
import { objectName } from '../judge/cause.ts';
import type { Cell } from '../judge/finding.ts';
import { listed, routeName, seen } from '../judge/sentences.ts';
import { objectsIn } from '../judge/trail-reading.ts';
import type { ChangedObject, Transition, TransitionTo } from './events.ts';
import type { RouteState } from './route-state.ts';

/** `cell`: as the attempts that decided are judged. `changes`: of the declared state, where the route follows one. */
export function transitionOf(
  cell: Cell,
  before: RouteState | undefined,
  after: RouteState,
  atMs: number,
  changes: readonly ChangedObject[] = [],
): Transition {
  const drift = { from: before?.drift ?? 'unknown', to: after.drift } as const;
  const access = { from: before?.access ?? 'unknown', to: after.access } as const;
  const to: TransitionTo = drift.from !== drift.to ? drift.to : access.to === 'open' ? 'opened' : 'closed';
  const cause = drift.to === 'agrees' ? null : cell.cause;
  return {
    kind: 'transition',
    atMs,
    route: cell.key,
    sequence: after.sequence,
    table: cell.table,
    vantage: cell.vantage,
    source: cell.source,
    target: cell.target,
    probe: cell.probe,
    to,
    drift,
    access,
    cause,
    message: cause?.message ?? sentence(cell, to, changes),
    objects: cause?.objects ?? (changes.length > 0 ? changes : objectsIn([cell.expectation]).slice(0, 1)),
    attempts: cell.attempts,
  };
}

/** The route fell silent: nobody knows what it is now. */
export function lostSight(cell: Cell, before: RouteState, after: RouteState, atMs: number, why: string): Transition {
  return {
    ...transitionOf({ ...cell, cause: null }, before, after, atMs),
    objects: [],
    attempts: [],
    message: `${routeName(cell)} is not known any more: ${why}.`,
  };
}

function sentence(cell: Cell, to: TransitionTo, changes: readonly ChangedObject[]): string {
  const what = `${routeName(cell)} ${seen(cell.outcome)}`;
  switch (to) {
    case 'opened':
    case 'closed':
      return changes.length === 0
        ? `${what}, as is declared now.`
        : `${what}, since ${listed(changes.map(changeName))}.`;
    case 'agrees':
      return `${what}, as declared again.`;
    default:
      return `${what}.`;
  }
}

/** `PeerAuthentication shop/default was deleted`. */
function changeName(object: ChangedObject): string {
  return `${objectName(object)} was ${object.change}`;
}
