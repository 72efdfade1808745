/** The ports of pods that a cell's call may end at. */
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { Cell } from '../judge/finding.ts';
import { doorOf } from './door.ts';
import type { Door } from './door.ts';

/** One an endpoint; none where nothing is declared to be there. */
export function doorsOf(
  mesh: Mesh,
  { target, workload, probe }: Pick<Cell, 'target' | 'workload' | 'probe'>,
): readonly Door[] {
  const name = `${target.namespace}/${target.name}`;
  if (target.kind === 'pod') {
    const pods = podsOf(mesh, name, workload);
    const port = probe.kind === 'health' ? healthPort(pods[0], probe.container, probe.check) : target.port;
    return pods.map((pod) => doorOf(mesh, pod, port ?? target.port));
  }
  const port = mesh.servicesByKey.get(name)?.ports.find((one) => one.port === target.port);
  return (port?.endpoints ?? []).flatMap((endpoint) => {
    const pod = mesh.podsByKey.get(endpoint.pod ?? '');
    return pod === undefined ? [] : [doorOf(mesh, pod, endpoint.port)];
  });
}

function podsOf(mesh: Mesh, name: string, workload: string | undefined): readonly Pod[] {
  const pod = mesh.podsByKey.get(name);
  if (pod !== undefined) return [pod];
  return mesh.workloadsByKey.get(workload ?? name)?.pods ?? [];
}

/** Where the kubelet sends it now: to the application, or to the sidecar that asks in its place. */
function healthPort(pod: Pod | undefined, container: string, kind: string): number | undefined {
  const check = pod?.healthChecks.find((one) => one.container === container && one.check === kind);
  return check === undefined || check.kind === 'exec' ? undefined : check.kubelet.port;
}
