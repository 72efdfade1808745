/**
 * PeerAuthentications without effect: wrong namespace, younger twin, selector or port key that fits nothing.
 * istio: pilot/pkg/model/authentication.go:addPeerAuthentication, getConfigsForWorkload
 */
import type { LintFinding } from './lint.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { modeAt, namespaceMode } from './peer-authentication.ts';
import type { MtlsMode, PeerAuthentication } from './peer-authentication.ts';
import { isSubset } from './selector.ts';

const RANK: Readonly<Record<MtlsMode, number>> = { DISABLE: 0, PERMISSIVE: 1, STRICT: 2 };

export function lintPeerAuthentications(mesh: Mesh): readonly LintFinding[] {
  const all = mesh.peerAuthentications;
  const wide = [all.mesh, ...all.namespaces.values()];
  return [
    ...all.ignored.map((policy) => inRootNamespace(mesh, policy)),
    ...wide.flatMap((scope) => youngerTwins(mesh, scope)),
    ...wide.flat().flatMap((policy) => portsWithoutSelector(mesh, policy)),
    ...[...all.workloads.values()].flat().flatMap((policy) => forWorkloads(mesh, policy)),
  ];
}

function nameOf({ ref }: PeerAuthentication): string {
  return `PeerAuthentication ${ref.namespace}/${ref.name}`;
}

function keysOf(pods: readonly Pod[]): readonly string[] {
  return pods.map(({ key }) => key);
}

/** Any of the modes that the policy wants, at a port or overall, is stricter than what such a pod has. */
function isStricterThanAt(mesh: Mesh, policy: PeerAuthentication, pod: Pod): boolean {
  const effective = mesh.peerAuthenticationOf(pod);
  const { mode } = policy;
  if (mode !== null && RANK[mode] > RANK[effective.overall.mode]) return true;
  return [...policy.ports].some(
    ([port, wanted]) => wanted !== null && RANK[wanted] > RANK[modeAt(effective, port).mode],
  );
}

function inRootNamespace(mesh: Mesh, policy: PeerAuthentication): LintFinding {
  const pods = mesh.pods.filter(({ labels }) => isSubset(policy.selector ?? {}, labels));
  return {
    reason: 'root-namespace-selector',
    object: policy.ref,
    message: `${nameOf(policy)} has a selector, and in the root namespace Istio ignores those.`,
    isStricter: pods.some((pod) => isStricterThanAt(mesh, policy, pod)),
    pods: keysOf(pods),
  };
}

function youngerTwins(mesh: Mesh, [winner, ...losers]: readonly PeerAuthentication[]): readonly LintFinding[] {
  if (winner === undefined) return [];
  const isMesh = winner.ref.namespace === mesh.rootNamespace;
  const pods = mesh.pods.filter(({ namespace }) => isMesh || namespace === winner.ref.namespace);
  return losers.map((policy) => duplicate(mesh, policy, winner, pods));
}

function duplicate(
  mesh: Mesh,
  policy: PeerAuthentication,
  winner: PeerAuthentication,
  pods: readonly Pod[],
): LintFinding {
  const inForce = namespaceMode(mesh.peerAuthentications, policy.ref.namespace).mode;
  const isWide = policy.selector === null;
  return {
    reason: 'younger-duplicate',
    object: policy.ref,
    inForce: winner.ref,
    message: `${nameOf(policy)} has no effect: ${nameOf(winner)} has the same scope and is older.`,
    isStricter: isWide
      ? policy.mode !== null && RANK[policy.mode] > RANK[inForce]
      : pods.some((pod) => isStricterThanAt(mesh, policy, pod)),
    pods: keysOf(pods),
  };
}

function portsWithoutSelector(mesh: Mesh, policy: PeerAuthentication): readonly LintFinding[] {
  if (policy.ports.size === 0) return [];
  const pods = mesh.pods.filter(({ namespace }) => namespace === policy.ref.namespace);
  return [
    {
      reason: 'port-level-without-selector',
      object: { ...policy.ref, path: 'spec.portLevelMtls' },
      message: `${nameOf(policy)} sets modes of ports without a selector, and Istio ignores those.`,
      isStricter: pods.some((pod) => isStricterThanAt(mesh, { ...policy, mode: null }, pod)),
      pods: keysOf(pods),
    },
  ];
}

function forWorkloads(mesh: Mesh, policy: PeerAuthentication): readonly LintFinding[] {
  const pods = mesh.pods.filter(
    ({ namespace, labels }) => namespace === policy.ref.namespace && isSubset(policy.selector ?? {}, labels),
  );
  if (pods.length === 0) {
    const inForce = namespaceMode(mesh.peerAuthentications, policy.ref.namespace);
    const wanted = [policy.mode, ...policy.ports.values()].filter((mode) => mode !== null);
    return [
      {
        reason: 'selects-nothing',
        object: { ...policy.ref, path: 'spec.selector' },
        message: `${nameOf(policy)} selects no pod of its namespace.`,
        isStricter: wanted.some((mode) => RANK[mode] > RANK[inForce.mode]),
        ...(inForce.object === null ? {} : { inForce: inForce.object }),
        pods: [],
      },
    ];
  }
  const lost = pods.filter((pod) => mesh.peerAuthenticationOf(pod).workload !== policy);
  const winner = lost[0] === undefined ? null : mesh.peerAuthenticationOf(lost[0]).workload;
  const twins = winner === null ? [] : [duplicate(mesh, policy, winner, lost)];
  return [
    ...twins,
    ...servicePortKeys(
      mesh,
      policy,
      pods.filter((pod) => !lost.includes(pod)),
    ),
  ];
}

function servicePortKeys(mesh: Mesh, policy: PeerAuthentication, pods: readonly Pod[]): readonly LintFinding[] {
  return [...policy.ports].flatMap(([port, mode]): readonly LintFinding[] => {
    if (mode === null || pods.length === 0 || pods.some((pod) => isPortOf(mesh, pod, port))) return [];
    const targets = pods.flatMap((pod) => targetsOf(mesh, pod, port).map((target) => ({ pod, target })));
    const [first] = targets;
    if (first === undefined) return [];
    return [
      {
        reason: 'service-port-key',
        object: { ...policy.ref, path: `spec.portLevelMtls.${String(port)}` },
        message: `${nameOf(policy)} names port ${String(port)}, which is the Service's; the container port is ${String(first.target)}.`,
        isStricter: targets.some(
          ({ pod, target }) => RANK[mode] > RANK[modeAt(mesh.peerAuthenticationOf(pod), target).mode],
        ),
        pods: keysOf(pods),
      },
    ];
  });
}

/** Does the pod have such a container port, or does a Service lead to it? */
export function isPortOf(mesh: Mesh, pod: Pod, port: number): boolean {
  return pod.ports.some((own) => own.port === port) || mesh.portOwner(pod, port) !== null;
}

/** Container ports of the pod behind this service port. */
export function targetsOf(mesh: Mesh, pod: Pod, servicePort: number): readonly number[] {
  return mesh.services
    .filter(({ namespace }) => namespace === pod.namespace)
    .flatMap(({ ports }) => ports.filter(({ port }) => port === servicePort))
    .flatMap(({ endpoints }) => endpoints.filter((endpoint) => endpoint.pod === pod.key).map(({ port }) => port));
}
