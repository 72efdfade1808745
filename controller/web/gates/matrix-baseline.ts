/** The matrix as it stands, as a baseline: what is not settled at the moment is unknown in it. */
import { baselineOf } from '../../gate/baseline.ts';
import type { Baseline } from '../../gate/baseline.ts';
import type { Cell } from '../../judge/finding.ts';
import type { RouteNow } from '../../monitor/current.ts';
import type { Shown } from '../shown.ts';

export function matrixBaseline(shown: Shown, name: string): Baseline {
  const { routes, conflicts, snapshot, verdict, atMs, optedOut, lastSweep } = shown;
  const at = new Date(atMs).toISOString();
  const cells = routes.map(settledCell);
  const { digest, objects } = snapshot;
  const id = lastSweep?.id ?? '';
  return baselineOf(
    {
      ...{ id, startedAt: at, finishedAt: at, snapshot: { digest, objects } },
      ...{ vantages: [], targets: [], optedOut, cells, conflicts, verdict },
    },
    name,
  );
}

/**
 * A monitor says what it has said until it is sure of something else; in the meantime a gate takes neither for granted.
 * So it is with what a rollout or young policy keeps from counting: what was seen there changes nothing yet.
 */
export function isSettled({ cell, seen, freshness }: RouteNow): boolean {
  return freshness === 'fresh' && seen === cell.drift;
}

function settledCell(route: RouteNow): Cell {
  return isSettled(route) ? route.cell : { ...route.cell, drift: 'unknown' };
}
