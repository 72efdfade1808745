/** What had become worse shortly before this controller began: a restart must not make it what was always so. */
import type { Drift } from '../../judge/finding.ts';
import type { Current, RouteNow } from '../../monitor/current.ts';
import type { Store } from '../../store/store.ts';

const WITHIN_MS = 3_600_000;
const MOST_EVENTS = 1000;

/** What each route was before the first of its changes in the hour before `startedAtMs`, by its key. Rejects as the store. */
export async function formerDrifts(
  events: Store['events'],
  { startedAtMs }: Pick<Current, 'startedAtMs'>,
): Promise<ReadonlyMap<string, Drift>> {
  const stored = await events({ kind: 'transition', beforeId: Number.MAX_SAFE_INTEGER, limit: MOST_EVENTS });
  const former = new Map<string, Drift>();
  for (const { event } of stored) {
    if (event.kind !== 'transition' || event.atMs >= startedAtMs || event.atMs < startedAtMs - WITHIN_MS) continue;
    if (!former.has(event.route)) former.set(event.route, event.drift.from);
  }
  return former;
}

/** The same routes; of those that have become worse since, what was before is unknown, and they are found anew. */
export function withFormer(routes: readonly RouteNow[], former: ReadonlyMap<string, Drift>): readonly RouteNow[] {
  return routes.map((route) => {
    const { cell } = route;
    const before = former.get(cell.key) ?? 'unknown';
    const isNews = cell.drift !== 'agrees' && before !== 'unknown' && before !== cell.drift;
    return isNews ? { ...route, cell: { ...cell, drift: 'unknown' } } : route;
  });
}
