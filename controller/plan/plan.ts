/** What a sweep sets out to measure, and from where. */
import type { Mesh } from '../declared/mesh.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { routeKey, vantageKey } from '../../proto/vocabulary.ts';
import { compareText } from '../declared/order.ts';
import type { PlacedVantage, PlannedCell } from './cell.ts';
import { planHealth } from './health.ts';
import { DEFAULT_PLAN_OPTIONS } from './options.ts';
import type { PlanOptions } from './options.ts';
import { planReachability } from './reachability.ts';
import { scopeOf } from './scope.ts';
import { planTransport } from './transport.ts';

export { DEFAULT_PLAN_OPTIONS, DEFAULT_TIMEOUTS } from './options.ts';
export type { PlacedVantage, PlannedCell } from './cell.ts';
export type { PlanOptions, Timeouts } from './options.ts';

export interface Plan {
  /** Reachability, then transport, then health; no key twice. */
  readonly cells: readonly PlannedCell[];
  /** Sorted by key; each has at least one cell. */
  readonly vantages: readonly PlacedVantage[];
  /**
   * What would have been a target if its annotation did not say otherwise: `Namespace shop`, `Service shop/pay`,
   * `Workload shop/pay`. Sorted.
   */
  readonly optedOut: readonly string[];
}

/**
 * Who measures what: workloads' vantages fill reachability, the naked prober of our own namespace fills transport and
 * the routes through gateways; the node's own network (`host`) fills health, and where nothing of ours is on a node, the
 * prober does. Pure; the same input gives the same plan.
 */
export function makePlan(
  mesh: Mesh,
  vantages: readonly PlacedVantage[],
  options: PlanOptions = DEFAULT_PLAN_OPTIONS,
): Plan {
  const { connectTimeoutMs, timeoutMs, ownNamespace } = options;
  const scope = scopeOf(mesh, options);
  const placed = distinct(vantages);
  const isOwn = ({ namespace }: Vantage): boolean => namespace === ownNamespace;
  const probers = placed.filter(({ vantage }) => isOwn(vantage) && vantage.dataPlane === 'naked');
  const kubelets = placed.filter(({ vantage }) => vantage.dataPlane === 'host');
  const callers = placed.filter(
    ({ vantage }) => vantage.dataPlane !== 'host' && !isOwn(vantage) && scope.covers(vantage.namespace),
  );
  const proposals = [
    ...planReachability(mesh, scope, callers, probers),
    ...planTransport(mesh, scope, probers),
    ...planHealth(scope, kubelets.length > 0 ? kubelets : probers),
  ];
  const cells = new Map<string, PlannedCell>();
  for (const proposal of proposals) {
    const key = routeKey(proposal.route);
    if (!cells.has(key)) cells.set(key, { ...proposal, key, connectTimeoutMs, timeoutMs });
  }
  const used = new Set([...cells.values()].map(({ route }) => vantageKey(route.vantage)));
  return {
    cells: [...cells.values()],
    vantages: placed.filter(({ vantage }) => used.has(vantageKey(vantage))),
    optedOut: scope.optedOut,
  };
}

/** One workload stands for a vantage: the first by name. */
function distinct(vantages: readonly PlacedVantage[]): readonly PlacedVantage[] {
  const byKey = new Map<string, PlacedVantage>();
  for (const placed of [...vantages].sort((a, b) => compareText(a.workload, b.workload))) {
    const key = vantageKey(placed.vantage);
    if (!byKey.has(key)) byKey.set(key, placed);
  }
  return [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, placed]) => placed);
}
