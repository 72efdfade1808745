/** The words of a trail: what each stage can say of a flow, and what stands in `by` where no object decided. */
import type { ObjectRef, Stage, TrailStep } from './expectation.ts';

/** `result` of a trail step, by stage. Closed: who reads trails may switch over these. */
export interface TrailWords {
  /** How the caller's traffic is carried. */
  readonly source: 'naked' | 'sidecar' | 'ambient' | 'host' | 'gateway' | 'external';
  /**
   * What a proxied caller makes of the address: a service that it knows, another one (by Host header), nothing that it
   * knows and lets pass (`passthrough`), nothing that it knows and refuses (`blackhole`).
   */
  readonly visibility:
    'visible' | 'redirected' | 'passthrough' | 'blackhole' | 'no-endpoints' | 'no-subset' | 'answered';
  readonly 'network-policy': 'allow' | 'deny';
  readonly gateway: 'routed' | 'no-route' | 'redirected' | 'tls-required' | 'bypassed' | 'traversed';
  /** What leaves the caller. `tls` is a TLS that is not Istio's. */
  readonly client: 'plaintext' | 'mtls' | 'tls' | 'hbone';
  /** `bypassed`: there is a proxy, and the port does not lead through it. `absent`: no proxy. */
  readonly capture: 'captured' | 'bypassed' | 'absent';
  readonly 'peer-authentication': 'STRICT' | 'PERMISSIVE' | 'DISABLE';
  /** Filter chain that takes the connection; `none`: refused. */
  readonly 'filter-chain': 'http' | 'tcp' | 'http-mtls' | 'tcp-mtls' | 'tls-passthrough' | 'hbone' | 'none' | 'waiting';
  readonly identity: 'proved' | 'none' | 'refused';
  readonly 'custom-authorization': 'allow' | 'deny' | 'provider-decides';
  readonly 'request-authentication': 'no-token' | 'accepted' | 'refused';
  /**
   * `slipped`: a DENY (or an ALLOW by exclusion) on identities that does not touch this caller only because it proves no
   * identity. `not-enforced`: dry-run or AUDIT. `shadowed`: would deny, but is not on the flow's way (uncaptured port).
   */
  readonly authorization: 'allow' | 'deny' | 'slipped' | 'not-enforced' | 'shadowed';
  readonly health: 'rewritten' | 'not-rewritten' | 'not-registered' | 'proves-nothing' | 'exec';
  readonly application: 'answers' | 'other-protocol' | 'not-listening';
}

/** `by` of a trail step. Where an annotation decided, `object` is the Pod. */
export type TrailAgent =
  /** Nothing declared: Istio's own default. */
  | 'default'
  /** No DestinationRule sets TLS: the client proxy chooses by the endpoint. */
  | 'auto-mtls'
  /** As `auto-mtls`, but one choice for all endpoints: headless services and PASSTHROUGH load balancing. */
  | 'auto-mtls-without-choice'
  /** A DestinationRule applies whose port level has no TLS: auto mTLS for this port. */
  | 'port-level-without-tls'
  /** A namespace or mesh PeerAuthentication of mode DISABLE made the client choose plaintext for the whole service. */
  | 'namespace-disable'
  | 'destination-rule'
  /** The caller has no proxy that would change what it sends. */
  | 'naked'
  /** A TLS probe: the caller does its own handshake. */
  | 'raw-tls'
  /** The original destination is used as it is: PassthroughCluster. */
  | 'passthrough-cluster'
  | 'excludeInboundPorts'
  | 'includeInboundPorts'
  | 'interceptionMode'
  | 'reserved-port'
  | 'not-injected'
  | 'host-network'
  | 'same-node'
  | 'own-address'
  | 'bypass-inbound-capture'
  /** PeerAuthentication scopes. */
  | 'mesh'
  | 'namespace'
  | 'workload'
  | 'port'
  /** A younger PeerAuthentication of the same scope that lost against the one in force. */
  | 'older-duplicate'
  /** `portLevelMtls` that names a service port where the container port is another. */
  | 'service-port-key'
  /** PeerAuthentication with a selector in the root namespace. */
  | 'root-namespace-selector'
  /** HTTP-only fields meet a TCP chain. */
  | 'http-fields-on-tcp'
  /** ALLOW policies exist, none matched. */
  | 'no-allow-matched'
  | 'provider-missing'
  | 'local-node'
  | 'waypoint'
  | 'ztunnel'
  | 'outbound-traffic-policy'
  | 'trust-domain'
  | 'annotation';

interface StepDetail {
  readonly by?: TrailAgent;
  readonly object?: ObjectRef | undefined;
  readonly isInEffect?: false;
  readonly note?: string;
}

/** A trail step with words that belong together; leaves out what is not said. */
export function step<S extends Stage>(stage: S, result: TrailWords[S], detail: StepDetail = {}): TrailStep {
  const { by, object, isInEffect, note } = detail;
  return {
    stage,
    result,
    ...(by === undefined ? {} : { by }),
    ...(object === undefined ? {} : { object }),
    ...(isInEffect === undefined ? {} : { isInEffect }),
    ...(note === undefined ? {} : { note }),
  };
}
