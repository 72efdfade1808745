/** The order in which readers look for vantages and targets: by namespace, then by name, then by port. */
import type { DataPlane, Target, Vantage } from '../../proto/vocabulary.ts';
import { targetKey } from '../../proto/vocabulary.ts';
import { compareText } from '../declared/order.ts';
import type { Cell } from '../judge/finding.ts';

/** Services before pods; a target behind a gateway stands after the same target without. */
export function compareTargets(left: Target, right: Target): number {
  return (
    compareText(left.kind === 'service' ? '0' : '1', right.kind === 'service' ? '0' : '1') ||
    compareText(left.namespace, right.namespace) ||
    compareText(left.name, right.name) ||
    left.port - right.port ||
    compareText(targetKey(left), targetKey(right))
  );
}

const PLANES: readonly DataPlane[] = ['sidecar', 'ambient', 'naked', 'host'];

/** Meshed vantages of a namespace before its naked ones of the same name. */
export function compareSources(
  left: Pick<Cell, 'source' | 'vantage'>,
  right: Pick<Cell, 'source' | 'vantage'>,
): number {
  return compareText(left.source, right.source) || planeOf(left.vantage) - planeOf(right.vantage);
}

function planeOf(vantage: Vantage): number {
  return PLANES.indexOf(vantage.dataPlane);
}
