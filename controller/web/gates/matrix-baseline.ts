/** The matrix as it stands, as a baseline: what is not settled at the moment, or not attempted, is unknown in it. */
import { baselineOf } from '../../gate/baseline.ts';
import type { Baseline } from '../../gate/baseline.ts';
import type { Cell } from '../../judge/finding.ts';
import type { RouteNow } from '../../monitor/current.ts';
import type { Shown } from '../shown.ts';

/** `missed`: keys of routes of which what is known is older than what is asked about. */
export function matrixBaseline(shown: Shown, name: string, missed: ReadonlySet<string> = new Set()): Baseline {
  const { routes, conflicts, snapshot, verdict, atMs, optedOut, lastSweep } = shown;
  const at = new Date(atMs).toISOString();
  const cells = routes.map((route) => settledCell(route, missed));
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

function settledCell(route: RouteNow, missed: ReadonlySet<string>): Cell {
  return isSettled(route) && !missed.has(route.cell.key) ? route.cell : { ...route.cell, drift: 'unknown' };
}
