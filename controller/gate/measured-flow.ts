/** Measured cells as questions to a declared state that is not quite the one in which they were measured. */
import type { Flow } from '../declared/expectation.ts';
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import type { Cell } from '../judge/finding.ts';
import { flowOf } from '../plan/flow.ts';
import { OUTSIDE } from './questions.ts';

/**
 * Null where the state has nobody who could call, or nothing to be called. Probes of ours are not declared: a workload
 * with the same vantage calls in their place, and for the naked prober somebody outside.
 */
export function flowIn(mesh: Mesh, cell: Cell): Flow | null {
  const source = sourceIn(mesh, cell);
  const target = targetIn(mesh, cell);
  if (source === null || target === null) return null;
  const flow = flowOf({ vantage: cell.vantage, target: cell.target, probe: cell.probe }, source);
  if (flow.tls === undefined || source !== OUTSIDE) return { ...flow, source, target };
  const tls = { ...flow.tls };
  // Nobody outside is somebody whose certificate could be taken.
  delete tls.as;
  return { ...flow, source, target, tls };
}

function sourceIn(mesh: Mesh, { vantage, source, table, target }: Cell): string | null {
  if (vantage.dataPlane === 'host') return 'kubelet';
  // The name counts before the data plane: a change may give the caller a sidecar.
  if (mesh.workloadsByKey.has(source) || mesh.podsByKey.has(source)) return source;
  const isProbers = table !== 'reachability' || (target.kind === 'service' && target.via !== undefined);
  return isProbers ? OUTSIDE : (mesh.pods.find((pod) => isAt(pod, vantage))?.key ?? null);
}

function isAt(pod: Pod, { namespace, serviceAccount, dataPlane }: Vantage): boolean {
  return pod.namespace === namespace && pod.serviceAccount === serviceAccount && pod.dataPlane === dataPlane;
}

function targetIn(mesh: Mesh, { target, workload }: Cell): string | null {
  const name = `${target.namespace}/${target.name}`;
  if (target.kind === 'service') {
    const service = mesh.servicesByKey.get(name);
    return service?.ports.some(({ port }) => port === target.port) === true ? name : null;
  }
  if (mesh.podsByKey.has(name)) return `pod:${name}`;
  return workload !== undefined && mesh.workloadsByKey.has(workload) ? `pod:${workload}` : null;
}
