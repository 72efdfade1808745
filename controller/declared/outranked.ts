/**
 * PeerAuthentications that name a pod or port and do not count there: for the reader of the trail.
 * istio: pilot/pkg/security/authn/policy_applier.go:ComposePeerAuthentication, pilot/pkg/model/config.go:sortConfigByCreationTime
 */
import type { TrailStep } from './expectation.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import type { PortMode } from './peer-authentication.ts';
import { isSubset } from './selector.ts';
import { step } from './trail.ts';

/** Policies that name this port or pod and yet do not count, for the reader of the trail. */
export function outranked(mesh: Mesh, pod: Pod, port: number, mode: PortMode): readonly TrailStep[] {
  const effective = mesh.peerAuthenticationOf(pod);
  const steps = effective.losers.flatMap(({ policy, winner }) => {
    const lost = policy.ports.get(port) ?? policy.mode;
    if (lost === null) return [];
    const note = `${winner.ref.namespace}/${winner.ref.name} is older`;
    return [step('peer-authentication', lost, { by: 'older-duplicate', object: policy.ref, isInEffect: false, note })];
  });
  for (const policy of mesh.peerAuthentications.ignored) {
    const wanted = policy.ports.get(port) ?? policy.mode;
    if (wanted === null || !isSubset(policy.selector ?? {}, pod.labels)) continue;
    steps.push(
      step('peer-authentication', wanted, { by: 'root-namespace-selector', object: policy.ref, isInEffect: false }),
    );
  }
  const byServicePort = servicePortKey(mesh, pod, port);
  if (byServicePort !== null && mode.scope !== 'port') steps.push(byServicePort);
  return steps;
}

/** `portLevelMtls` keyed by the Service's port, where the container port is another. */
function servicePortKey(mesh: Mesh, pod: Pod, port: number): TrailStep | null {
  const { workload } = mesh.peerAuthenticationOf(pod);
  const owner = mesh.portOwner(pod, port);
  if (workload === null || owner === null || owner.port.port === port) return null;
  const mode = workload.ports.get(owner.port.port);
  const isPortOfPod =
    mesh.portOwner(pod, owner.port.port) !== null || pod.ports.some((own) => own.port === owner.port.port);
  if (mode === undefined || mode === null || isPortOfPod) return null;
  const path = `spec.portLevelMtls.${String(owner.port.port)}`;
  const note = `${String(owner.port.port)} is a port of service ${owner.service.key}; its container port is ${String(port)}`;
  return step('peer-authentication', mode, {
    by: 'service-port-key',
    object: { ...workload.ref, path },
    isInEffect: false,
    note,
  });
}
