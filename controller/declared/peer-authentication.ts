/** Which PeerAuthentication is in force on a pod's port: one policy a scope, the oldest, and the narrower scope wins. */
import type { ObjectRef } from './expectation.ts';
import type { Pod } from './model.ts';
import type { K8sObject } from './objects.ts';
import { byAge, createdAtMs, groupBy, refOf } from './order.ts';
import { fields, isFields } from './reading.ts';
import { isSubset, workloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';
import type { TrailAgent } from './trail.ts';

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

export interface PeerAuthentication {
  readonly ref: ObjectRef;
  readonly selector: Labels | null;
  /** Null: UNSET, the wider scope decides. */
  readonly mode: MtlsMode | null;
  /** By container port; null: UNSET. */
  readonly ports: ReadonlyMap<number, MtlsMode | null>;
  readonly createdAtMs: number;
  /** `selector: {}`: no selector for sidecars, but not the same as none for ambient. */
  readonly hasEmptySelector: boolean;
}

/** All PeerAuthentications of one control plane, by scope; each list is in Istio's order, the first one counts. */
export interface PeerAuthentications {
  readonly mesh: readonly PeerAuthentication[];
  readonly namespaces: ReadonlyMap<string, readonly PeerAuthentication[]>;
  /** With selector, by namespace; none of the root namespace's. */
  readonly workloads: ReadonlyMap<string, readonly PeerAuthentication[]>;
  /** With selector in the root namespace: no sidecar ever reads them. */
  readonly ignored: readonly PeerAuthentication[];
}

export interface PortMode {
  readonly mode: MtlsMode;
  /** Null: no object says anything, Istio's default holds. */
  readonly object: ObjectRef | null;
  readonly scope: TrailAgent & ('default' | 'mesh' | 'namespace' | 'workload' | 'port');
}

export interface EffectivePeerAuthentication {
  readonly overall: PortMode;
  readonly ports: ReadonlyMap<number, PortMode>;
  /** The workload policy that counts, if any. */
  readonly workload: PeerAuthentication | null;
  /** Selectors that match, but a policy of the same scope is older. Namespace and mesh duplicates are here, too. */
  readonly losers: readonly { readonly policy: PeerAuthentication; readonly winner: PeerAuthentication }[];
}

export function readPeerAuthentications(objects: readonly K8sObject[], rootNamespace: string): PeerAuthentications {
  const policies = [...objects].sort(byAge).map(toPolicy);
  const isRoot = ({ ref }: PeerAuthentication): boolean => ref.namespace === rootNamespace;
  const wide = policies.filter(({ selector }) => selector === null);
  const narrow = policies.filter(({ selector }) => selector !== null);
  const namespaceOf = ({ ref }: PeerAuthentication): string => ref.namespace;
  return {
    mesh: wide.filter(isRoot),
    namespaces: groupBy(
      wide.filter((policy) => !isRoot(policy)),
      namespaceOf,
    ),
    workloads: groupBy(
      narrow.filter((policy) => !isRoot(policy)),
      namespaceOf,
    ),
    ignored: narrow.filter(isRoot),
  };
}

function toPolicy(object: K8sObject): PeerAuthentication {
  const spec = fields(object, 'spec');
  const selector = workloadSelector(spec);
  const ports = Object.entries(fields(spec, 'portLevelMtls')).map(
    ([port, mtls]) => [Number(port), modeOf(fields(mtls)['mode'])] as const,
  );
  return {
    ref: refOf(object),
    selector,
    mode: modeOf(fields(spec, 'mtls')['mode']),
    ports: new Map(ports),
    createdAtMs: createdAtMs(object),
    hasEmptySelector: selector === null && isFields(spec['selector']),
  };
}

function modeOf(value: unknown): MtlsMode | null {
  return value === 'STRICT' || value === 'PERMISSIVE' || value === 'DISABLE' ? value : null;
}

const DEFAULT: PortMode = { mode: 'PERMISSIVE', object: null, scope: 'default' };

/**
 * istio: pilot/pkg/model/authentication.go:getConfigsForWorkload, pilot/pkg/security/authn/policy_applier.go:ComposePeerAuthentication.
 * Ports are heard from the workload policy alone, and only from the one that counts.
 */
export function effectivePeerAuthentication(all: PeerAuthentications, pod: Pod): EffectivePeerAuthentication {
  const matching = (all.workloads.get(pod.namespace) ?? []).filter(({ selector }) =>
    isSubset(selector ?? {}, pod.labels),
  );
  const namespace = all.namespaces.get(pod.namespace) ?? [];
  const workload = matching[0] ?? null;
  const overall = narrow(namespaceMode(all, pod.namespace), workload, 'workload', 'spec.mtls.mode');
  const ports = new Map<number, PortMode>();
  if (workload !== null) {
    for (const [port, mode] of workload.ports) {
      const path = `spec.portLevelMtls.${String(port)}`;
      ports.set(port, mode === null ? overall : { mode, object: { ...workload.ref, path }, scope: 'port' });
    }
  }
  const losers = [all.mesh, namespace, matching].flatMap(([winner, ...others]) =>
    winner === undefined ? [] : others.map((policy) => ({ policy, winner })),
  );
  return { overall, ports, workload, losers };
}

/** What holds for a namespace as a whole; clients infer from it (no selector, no ports). */
export function namespaceMode(all: PeerAuthentications, namespace: string): PortMode {
  const mesh = narrow(DEFAULT, all.mesh[0] ?? null, 'mesh', 'spec.mtls.mode');
  return narrow(mesh, all.namespaces.get(namespace)?.[0] ?? null, 'namespace', 'spec.mtls.mode');
}

/** The mode that a connection to this container port meets. */
export function modeAt(effective: EffectivePeerAuthentication, port: number): PortMode {
  return effective.ports.get(port) ?? effective.overall;
}

function narrow(
  wider: PortMode,
  policy: PeerAuthentication | null,
  scope: 'mesh' | 'namespace' | 'workload',
  path: string,
): PortMode {
  if (policy === null || policy.mode === null) return wider;
  return { mode: policy.mode, object: { ...policy.ref, path }, scope };
}
