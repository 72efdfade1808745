/** Which mTLS mode istiod gives to a sidecar's port. */
import { oldestFirst, selects } from './objects.ts';
import type { MeshSettings, Mode, PeerAuthentication, Workload } from './objects.ts';

export type PortMode = Exclude<Mode, 'UNSET'>;

/**
 * One policy a level (mesh, namespace, workload), the first in age; UNSET inherits; ports are the workload level's alone.
 * istio: pilot/pkg/model/authentication.go:getConfigsForWorkload, pilot/pkg/security/authn/policy_applier.go:ComposePeerAuthentication
 */
export function mtlsModes(
  policies: readonly PeerAuthentication[],
  workload: Workload,
  { rootNamespace }: MeshSettings,
): (port: number) => PortMode {
  const inOrder = oldestFirst(policies);
  const isWide = ({ spec }: PeerAuthentication): boolean => Object.keys(spec.selector?.matchLabels ?? {}).length === 0;
  const first = (namespace: string, wide: boolean): PeerAuthentication | undefined =>
    inOrder.find(
      (policy) =>
        policy.metadata.namespace === namespace && isWide(policy) === wide && (wide || selects(policy.spec, workload)),
    );
  const inRoot = workload.namespace === rootNamespace;
  const narrowest = inRoot ? undefined : first(workload.namespace, false);
  const levels = [first(rootNamespace, true), inRoot ? undefined : first(workload.namespace, true), narrowest];
  let mode: PortMode = 'PERMISSIVE';
  for (const level of levels) {
    const own = level?.spec.mtls?.mode ?? 'UNSET';
    if (own !== 'UNSET') mode = own;
  }
  return (port) => {
    const own = narrowest?.spec.portLevelMtls?.[String(port)]?.mode ?? 'UNSET';
    return own === 'UNSET' ? mode : own;
  };
}
