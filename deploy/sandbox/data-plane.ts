/** What a data plane of the embedded mesh has to do: the Node proxies and real Envoy both fit in here. */
import type { Address } from '../../proto/vocabulary.ts';
import type { AuthorizationRule, ChainProtocol, PortMode, RealityPort } from './reality.ts';

/** One inbound port of a pod with its addresses worked out. */
export interface InboundPort extends Omit<RealityPort, 'chain'> {
  readonly port: number;
  readonly chain: ChainProtocol;
  readonly mode: PortMode;
  /** Where callers dial (the pod's address; the proxy's listener where the port is captured). */
  readonly listen: Address;
  /** Where the app behind the proxy listens; equals `listen` where nothing is captured. */
  readonly appAddress: Address;
}

/** PEM texts of a workload certificate; `chain` is leaf first, without the root. */
export interface WorkloadCertificate {
  readonly key: string;
  readonly chain: string;
  /** The root that this proxy trusts. */
  readonly root: string;
}

/** One endpoint as a client proxy sees it. */
export interface UpstreamEndpoint {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly address: Address;
  /** What this client does to this endpoint after `auto` was worked out: mTLS iff the pod has a sidecar and its port is not DISABLE. */
  readonly tls: 'plaintext' | 'istio-mutual' | 'simple';
  /** SPIFFE ids that the client accepts of it. */
  readonly identities: readonly string[];
}

/** One service port as a client proxy sees it. */
export interface UpstreamService {
  /** `namespace/name`. */
  readonly name: string;
  readonly fqdn: string;
  readonly port: number;
  readonly protocol: ChainProtocol;
  /** The Service's virtual address; nothing listens there, captured traffic names it as original destination. */
  readonly virtualAddress: Address;
  readonly endpoints: readonly UpstreamEndpoint[];
}

/** All that a sidecar enforces and does. */
export interface SidecarPlan {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly spiffeId: string;
  readonly trustDomain: string;
  readonly certificate: WorkloadCertificate;
  readonly inbound: readonly InboundPort[];
  readonly authorization: readonly AuthorizationRule[];
  readonly outbound: readonly UpstreamService[];
  /** Where the pod's own outbound traffic enters: PROXY protocol v2, whose destination is the original one. */
  readonly capture: Address;
  /** Uncaptured, on the pod's address: 15020 (app probers) and 15021 (readiness). The sandbox serves both, whatever the data plane. */
  readonly statusPort: Address;
  readonly readinessPort: Address;
  readonly probers: Readonly<
    Record<string, { readonly kind: 'httpGet' | 'tcpSocket' | 'grpc'; readonly app: Address; readonly path: string }>
  >;
}

/** A standalone proxy that routes by Host header. */
export interface GatewayPlan {
  readonly pod: string;
  readonly spiffeId: string;
  readonly trustDomain: string;
  readonly certificate: WorkloadCertificate;
  readonly listeners: readonly {
    readonly listen: Address;
    readonly routes: readonly { readonly host: string; readonly to: UpstreamService }[];
  }[];
}

/** Runs proxies. Everything that was started ends when it is disposed. */
export interface DataPlane extends AsyncDisposable {
  /** Resolves when every listener answers; rejects with MPE_PORT_IN_USE or MPE_DATA_PLANE_FAILED. */
  readonly start: (
    sidecars: readonly SidecarPlan[],
    gateways: readonly GatewayPlan[],
    signal: AbortSignal,
  ) => Promise<void>;
  /**
   * From the plans that it runs to these, which are for the same pods and addresses. Proxies with an equal plan are not
   * touched, nor are their connections; those of the others end. Resolves when only the new plans answer. Where it
   * rejects, some proxies may run by the new plans and some not at all: `change` to the old ones brings them back.
   */
  readonly change: (
    sidecars: readonly SidecarPlan[],
    gateways: readonly GatewayPlan[],
    signal: AbortSignal,
  ) => Promise<void>;
  /** Aborts, with a MeshproofError as its reason, when a proxy ends by itself; absent where proxies cannot. */
  readonly failed?: AbortSignal;
}
