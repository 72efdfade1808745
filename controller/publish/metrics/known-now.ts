/** What is known of a route at this moment, which is less than what was known of it. */
import type { Drift } from '../../judge/finding.ts';
import type { Access, Freshness, RouteNow } from '../../monitor/current.ts';

export interface KnownNow {
  readonly access: Access;
  readonly freshness: Freshness;
  readonly drift: Drift;
}

/** Past so many of its intervals a route is not known any more. */
const FRESH_INTERVALS = 3;

/**
 * A monitor that stands still does not say so: its `Current` stays, with every route in it as fresh as it was then. So
 * the age is looked at once more, in both directions, for a clock may have been set back as well as on.
 */
export function knownNow({ cell, access, freshness, measuredAtMs, intervalMs }: RouteNow, nowMs: number): KnownNow {
  if (measuredAtMs === null || freshness === 'unmeasured') {
    return { access: 'unknown', freshness: 'unmeasured', drift: 'unknown' };
  }
  const isFresh = freshness === 'fresh' && Math.abs(nowMs - measuredAtMs) <= FRESH_INTERVALS * intervalMs;
  return isFresh
    ? { access, freshness, drift: cell.drift }
    : { access: 'unknown', freshness: 'stale', drift: 'unknown' };
}
