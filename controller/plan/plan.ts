/** What a sweep sets out to measure, and from where. */
import type { Mesh } from '../declared/mesh.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { routeKey, vantageKey } from '../../proto/vocabulary.ts';
import { DEFAULT_TIMEOUTS, OWN_NAMESPACE } from './cell.ts';
import type { PlacedVantage, PlannedCell, Timeouts } from './cell.ts';
import { planHealth } from './health.ts';
import { planReachability } from './reachability.ts';
import { planTransport } from './transport.ts';

export { DEFAULT_TIMEOUTS, OWN_NAMESPACE } from './cell.ts';
export type { PlacedVantage, PlannedCell, Timeouts } from './cell.ts';

export interface Plan {
  /** Reachability, then transport, then health; no key twice. */
  readonly cells: readonly PlannedCell[];
  /** Sorted by key; each has at least one cell. */
  readonly vantages: readonly PlacedVantage[];
}

/**
 * Who measures what: workloads' vantages fill reachability, the naked prober of our own namespace fills transport and
 * the routes through gateways, the node's own network (`host`) fills health. Pure; the same input gives the same plan.
 */
export function makePlan(mesh: Mesh, vantages: readonly PlacedVantage[], timeouts: Timeouts = DEFAULT_TIMEOUTS): Plan {
  const placed = distinct(vantages);
  const probers = placed.filter(({ vantage }) => isProber(vantage));
  const kubelets = placed.filter(({ vantage }) => vantage.dataPlane === 'host');
  const callers = placed.filter(({ vantage }) => vantage.dataPlane !== 'host' && vantage.namespace !== OWN_NAMESPACE);
  const proposals = [
    ...planReachability(mesh, callers, probers),
    ...planTransport(mesh, probers),
    ...planHealth(mesh, kubelets),
  ];
  const cells = new Map<string, PlannedCell>();
  for (const proposal of proposals) {
    const key = routeKey(proposal.route);
    if (!cells.has(key)) cells.set(key, { ...proposal, key, ...timeouts });
  }
  const used = new Set([...cells.values()].map(({ route }) => vantageKey(route.vantage)));
  return {
    cells: [...cells.values()],
    vantages: placed.filter(({ vantage }) => used.has(vantageKey(vantage))),
  };
}

/** One workload stands for a vantage: the first by name. */
function distinct(vantages: readonly PlacedVantage[]): readonly PlacedVantage[] {
  const byKey = new Map<string, PlacedVantage>();
  for (const placed of [...vantages].sort((a, b) => compare(a.workload, b.workload))) {
    const key = vantageKey(placed.vantage);
    if (!byKey.has(key)) byKey.set(key, placed);
  }
  return [...byKey].sort(([a], [b]) => compare(a, b)).map(([, placed]) => placed);
}

function isProber(vantage: Vantage): boolean {
  return vantage.namespace === OWN_NAMESPACE && vantage.dataPlane === 'naked';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
