/** The routes of a matrix counted in one pass, by all that metrics tell them apart by. */
import type { Mesh } from '../../declared/mesh.ts';
import type { Current, RouteNow } from '../../monitor/current.ts';
import type { ControllerMetric, LabelOf } from './definitions.ts';
import { bounded, labeller } from './route-labels.ts';
import type { TargetLabels } from './route-labels.ts';
import { Tally } from './tally.ts';

type TallyOf<Name extends ControllerMetric> = Tally<LabelOf<Name>>;

export interface RouteCounts {
  readonly routes: TallyOf<'meshproof_routes'>;
  readonly namespaces: TallyOf<'meshproof_namespace_routes'>;
  readonly drifting: TallyOf<'meshproof_route_drift'>;
  /** Empty unless it was asked for. */
  readonly all: TallyOf<'meshproof_route'>;
  readonly suppressed: TallyOf<'meshproof_suppressed_routes'>;
  /** Earliest end first. */
  readonly certificates: readonly { readonly labels: TargetLabels; readonly notAfterMs: number }[];
  readonly flapping: number;
}

export interface CountOptions {
  readonly mesh: Mesh | undefined;
  readonly countsAll: boolean;
}

export function countRoutes({ routes }: Current, { mesh, countsAll }: CountOptions): RouteCounts {
  const labels = labeller(mesh);
  const counts = {
    routes: new Tally<LabelOf<'meshproof_routes'>>(),
    namespaces: new Tally<LabelOf<'meshproof_namespace_routes'>>(),
    drifting: new Tally<LabelOf<'meshproof_route_drift'>>(),
    all: new Tally<LabelOf<'meshproof_route'>>(),
    suppressed: new Tally<LabelOf<'meshproof_suppressed_routes'>>(),
  };
  const certificates = new Map<TargetLabels, number>();
  let flapping = 0;
  for (const route of routes) {
    const { cell, suppression, isFlapping, access: measured, freshness } = route;
    const { drift: finding } = cell;
    counts.routes.add({ expected: cell.expectation.expect, measured, freshness });
    const source_namespace = bounded(cell.vantage.namespace);
    counts.namespaces.add({ source_namespace, target_namespace: bounded(cell.target.namespace), finding });
    if (suppression !== null) counts.suppressed.add({ reason: suppression });
    if (isFlapping) flapping += 1;
    if (finding !== 'agrees' && finding !== 'unknown') counts.drifting.add({ ...labels.ofRoute(cell), finding });
    if (countsAll) counts.all.add({ ...labels.ofRoute(cell), finding });
    if (freshness !== 'fresh') continue;
    const notAfterMs = firstEndOf(route);
    if (notAfterMs === Infinity) continue;
    const serving = labels.ofServing(cell.target);
    certificates.set(serving, Math.min(notAfterMs, certificates.get(serving) ?? Infinity));
  }
  return { ...counts, flapping, certificates: earliestFirst(certificates) };
}

/** Milliseconds since 1970; Infinity: no attempt was served a certificate. */
function firstEndOf({ cell }: RouteNow): number {
  let first = Infinity;
  for (const { outcome } of cell.attempts) {
    const notAfterMs = outcome.kind === 'untested' ? undefined : outcome.certificate?.notAfterMs;
    if (notAfterMs !== undefined && notAfterMs < first) first = notAfterMs;
  }
  return first;
}

/** Ports of a workload share its certificate: one line a workload. */
function earliestFirst(certificates: ReadonlyMap<TargetLabels, number>): RouteCounts['certificates'] {
  const byWorkload = new Map<string, { readonly labels: TargetLabels; readonly notAfterMs: number }>();
  for (const [labels, notAfterMs] of certificates) {
    const key = `${labels.target_namespace}/${labels.target_workload}`;
    const found = byWorkload.get(key);
    if (found === undefined || notAfterMs < found.notAfterMs) byWorkload.set(key, { labels, notAfterMs });
  }
  return [...byWorkload.values()].sort((a, b) => a.notAfterMs - b.notAfterMs);
}
