/** PeerAuthentication as ztunnel gets it: STRICT or not, per port, with the places where that differs from sidecars. */
import type { ObjectRef } from './expectation.ts';
import type { Pod } from './model.ts';
import type { PeerAuthentication, PeerAuthentications } from './peer-authentication.ts';
import { isSubset } from './selector.ts';

export interface AmbientMode {
  readonly isStrict: boolean;
  /** Null: nothing declared. */
  readonly object: ObjectRef | null;
  readonly warnings: readonly string[];
}

/**
 * DISABLE is the same as PERMISSIVE here: nothing ever stops HBONE.
 * istio: pilot/pkg/serviceregistry/ambient/authorization.go:convertedSelectorPeerAuthentications, convertPeerAuthentication
 */
export function ambientMode(all: PeerAuthentications, pod: Pod, port: number): AmbientMode {
  // The root namespace's policies with a selector, even an empty one, are not fetched at all.
  const mesh = oldest(all.mesh.filter(({ hasEmptySelector }) => !hasEmptySelector));
  const namespace = oldest(all.namespaces.get(pod.namespace) ?? []);
  const workload = oldest(
    (all.workloads.get(pod.namespace) ?? []).filter(({ selector }) => isSubset(selector ?? {}, pod.labels)),
  );
  const warnings = [mesh, namespace, workload].flatMap(({ warning }) => warning ?? []);
  if (namespace.policy?.hasEmptySelector === true) {
    const { namespace: place, name } = namespace.policy.ref;
    warnings.push(
      `PeerAuthentication ${place}/${name} has an empty selector, which ztunnel's control plane reads in two ways`,
    );
  }
  const parent = [namespace.policy, mesh.policy].find((policy) => policy !== null && policy.mode !== null) ?? null;
  const fromParent = { isStrict: parent?.mode === 'STRICT', object: refOf(parent, 'spec.mtls.mode'), warnings };
  const own = workload.policy;
  if (own === null) return fromParent;
  const portMode = own.ports.get(port) ?? null;
  const atPort = { object: { ...own.ref, path: `spec.portLevelMtls.${String(port)}` }, warnings };
  const overall = { object: refOf(own, 'spec.mtls.mode'), warnings };
  if (own.mode === 'STRICT') {
    const isExempt = portMode === 'PERMISSIVE' || portMode === 'DISABLE';
    return isExempt ? { isStrict: false, ...atPort } : { isStrict: true, ...overall };
  }
  if (own.mode !== null) {
    if (portMode !== 'STRICT') return { isStrict: false, ...overall };
    // The port's rule is lost under a STRICT mesh without a namespace policy: operator precedence, 1.28.3 and master.
    const isLost = own.mode === 'PERMISSIVE' && mesh.policy?.mode === 'STRICT' && namespace.policy === null;
    return { isStrict: !isLost, ...atPort };
  }
  if (!fromParent.isStrict) return portMode === 'STRICT' ? { isStrict: true, ...atPort } : fromParent;
  // Exemptions under an inherited STRICT are heeded only if one of the ports says PERMISSIVE.
  const isHeeded = [...own.ports.values()].includes('PERMISSIVE');
  const isExempt = isHeeded && (portMode === 'PERMISSIVE' || portMode === 'DISABLE');
  return isExempt ? { isStrict: false, ...atPort } : fromParent;
}

function refOf(policy: PeerAuthentication | null, path: string): ObjectRef | null {
  return policy === null ? null : { ...policy.ref, path };
}

/** By time alone: of two that were made in the same second, which one counts is left to chance. */
function oldest(policies: readonly PeerAuthentication[]): {
  readonly policy: PeerAuthentication | null;
  readonly warning?: string;
} {
  const [first, second] = [...policies].sort((a, b) => a.createdAtMs - b.createdAtMs);
  if (first === undefined) return { policy: null };
  if (second?.createdAtMs !== first.createdAtMs) return { policy: first };
  const names = `${first.ref.namespace}/${first.ref.name} and ${second.ref.namespace}/${second.ref.name}`;
  return {
    policy: first,
    warning: `PeerAuthentications ${names} are of the same age: which of them ztunnel heeds is ambiguous`,
  };
}
