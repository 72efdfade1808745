/** What is known of the routes of a matrix. */
import type { Expectation } from '../../declared/expectation.ts';
import type { Access, Freshness } from '../../monitor/current.ts';
import type { RouteCounts } from './count-routes.ts';
import { replace } from './instruments.ts';
import type { Instruments } from './instruments.ts';
import { foldNamespaces, worstFirst } from './limits.ts';
import type { SeriesLimits } from './limits.ts';

export interface RouteGaugeOptions {
  /** Shows `meshproof_route`, which has a series for every route. @default false */
  readonly showsEveryRoute: boolean;
  readonly limits: SeriesLimits;
}

/** Of these all are shown, those that are nought too: a matrix that has no `closed` is not one without that word. */
const EXPECTED: readonly Expectation['expect'][] = ['allow', 'deny', 'mixed', 'unknown'];
const MEASURED: readonly Access[] = ['open', 'closed', 'unknown'];
const FRESHNESS: readonly Freshness[] = ['fresh', 'stale', 'unmeasured'];

export function routeGauges(
  instruments: Instruments,
  { showsEveryRoute, limits }: RouteGaugeOptions,
): (counts: RouteCounts) => void {
  const matrix = instruments.gauge('meshproof_routes');
  const namespaces = instruments.gauge('meshproof_namespace_routes');
  const drifting = instruments.gauge('meshproof_route_drift');
  const all = showsEveryRoute ? instruments.gauge('meshproof_route') : undefined;
  const expiries = instruments.gauge('meshproof_served_certificate_expiry_timestamp_seconds');
  const suppressed = instruments.gauge('meshproof_series_suppressed');
  return (counts: RouteCounts): void => {
    for (const expected of EXPECTED) {
      for (const measured of MEASURED) {
        for (const freshness of FRESHNESS) counts.routes.add({ expected, measured, freshness }, 0);
      }
    }
    replace(matrix, counts.routes.entries());
    const folded = foldNamespaces(counts.namespaces.entries(), limits.namespaces);
    replace(namespaces, folded.shown);
    suppressed.set({ metric: 'meshproof_namespace_routes' }, folded.suppressed);
    const worst = worstFirst(counts.drifting.entries(), limits.drifting);
    replace(drifting, worst.shown);
    suppressed.set({ metric: 'meshproof_route_drift' }, worst.suppressed);
    const certificates = counts.certificates.map(({ labels, notAfterMs }) => ({ labels, count: notAfterMs / 1000 }));
    replace(expiries, certificates.slice(0, limits.certificates));
    const more = Math.max(0, certificates.length - limits.certificates);
    suppressed.set({ metric: 'meshproof_served_certificate_expiry_timestamp_seconds' }, more);
    if (all === undefined) return;
    const every = worstFirst(counts.all.entries(), limits.routes);
    replace(all, every.shown);
    suppressed.set({ metric: 'meshproof_route' }, every.suppressed);
  };
}
