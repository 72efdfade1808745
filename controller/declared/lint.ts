/** Objects that have no effect, or not the one that they were written for, each with its reason. */
import type { ObjectRef } from './expectation.ts';
import { lintAuthorizationPolicies } from './lint-authorization.ts';
import { lintDestinationRules, lintVirtualServices } from './lint-routing.ts';
import { lintPeerAuthentications } from './lint-peer-authentication.ts';
import type { Mesh } from './mesh.ts';
import { compareText } from './order.ts';

export type LintReason =
  /** PeerAuthentication with a selector in the root namespace: ignored. */
  | 'root-namespace-selector'
  /** A second, younger PeerAuthentication of one scope: ignored as a whole. */
  | 'younger-duplicate'
  /** The selector matches no pod. */
  | 'selects-nothing'
  /** `portLevelMtls` without selector: ignored. */
  | 'port-level-without-selector'
  /** `portLevelMtls` keyed by a service port that is no container port of the selected pods. */
  | 'service-port-key'
  /** DestinationRule (or VirtualService destination) whose host is no service that anybody sees. */
  | 'host-resolves-to-nothing'
  /** DestinationRule that is never chosen: another one of the same host comes first. */
  | 'never-chosen'
  /** A subset that selects no endpoint. */
  | 'subset-without-endpoints'
  /** HTTP-only fields in an ALLOW rule that meets a TCP port: everything there is denied. */
  | 'http-allow-on-tcp'
  /** HTTP-only fields in a DENY rule that meets a TCP port: every connection there is denied. */
  | 'http-deny-on-tcp'
  /** AuthorizationPolicy ports that are service ports, not container ports of the selected pods. */
  | 'authorization-service-port'
  /** targetRefs on a policy for sidecars: ignored by them. */
  | 'target-ref-on-sidecar'
  /** A value goes into a regular expression that Envoy refuses, with the whole listener that it stands in. */
  | 'refused-expression';

export interface LintFinding {
  readonly reason: LintReason;
  readonly object: ObjectRef;
  /** One plain sentence with the real objects. */
  readonly message: string;
  /** The object wants more protection than what is in force where it was meant. */
  readonly isStricter: boolean;
  /** What is in force in its place. */
  readonly inForce?: ObjectRef;
  /** Pods (`namespace/name`) that it was meant for; empty: none. */
  readonly pods: readonly string[];
}

/** Deterministic order: by object, then reason. */
export function lint(mesh: Mesh): readonly LintFinding[] {
  const findings = [
    ...lintPeerAuthentications(mesh),
    ...lintDestinationRules(mesh),
    ...lintVirtualServices(mesh),
    ...lintAuthorizationPolicies(mesh),
  ];
  return findings.sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function keyOf({ object, reason, pods }: LintFinding): string {
  return [object.kind, object.namespace, object.name, object.path ?? '', reason, ...pods].join('|');
}
