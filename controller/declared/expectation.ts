/** What the declared side says of a flow: the flow, the expectation, and the object that decided it. */

/** Probe kinds that the engine evaluates (product.md, `expect`). */
export type FlowProbe = 'http' | 'tcp' | 'tcp-silent' | 'grpc' | 'tls' | 'mtls' | 'hbone' | 'health';

export type FlowCertificate = 'valid' | 'none' | 'untrusted-ca' | 'wrong-trust-domain' | 'expired';

export interface FlowRequest {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Claims of a JWT with a good signature, or `invalid`. */
  readonly token?: Readonly<Record<string, unknown>> | 'invalid';
}

export interface FlowTls {
  readonly alpn?: readonly string[];
  readonly certificate?: FlowCertificate;
  /** `namespace/workload` whose identity the certificate carries; the source's own where absent. */
  readonly as?: string;
}

/** One question to the engine, as in a line of `--flows`. */
export interface Flow {
  readonly id: string;
  /** `namespace/workload-or-pod`, `kubelet`, `node:NAME`, `ip:ADDRESS`. */
  readonly source: string;
  /** `namespace/service`, `pod:namespace/workload-or-pod`, `host:NAME`, `ip:ADDRESS`. */
  readonly target: string;
  readonly port: number;
  readonly probe: FlowProbe;
  /** `namespace/gateway-service`: through that gateway, hop by hop. */
  readonly via?: string;
  readonly request?: FlowRequest;
  readonly tls?: FlowTls;
  /** For `health`: which check, optionally of which container (`app/liveness`). */
  readonly health?: string;
}

/** Outcome codes of istio-semantics section 0. */
export type OutcomeCode =
  | 'ALLOW_PLAINTEXT'
  | 'ALLOW_MTLS'
  | 'ALLOW_HBONE'
  | 'ALLOW_OPAQUE_TLS'
  | 'ALLOW_UNCAPTURED'
  | 'DENY_STRICT'
  | 'DENY_NO_CHAIN_TLS'
  | 'DENY_TLS_NO_CERT'
  | 'DENY_TLS_BAD_CA'
  | 'DENY_TLS_BAD_TD'
  | 'DENY_TLS_EXPIRED'
  | 'DENY_TLS_VERSION'
  | 'PROTO_MISMATCH'
  | 'DENY_AUTHZ_HTTP'
  | 'DENY_AUTHZ_TCP'
  | 'DENY_AUTHZ_HBONE'
  | 'DENY_JWT'
  | 'DENY_EXTAUTHZ'
  | 'CLIENT_TLS_MISMATCH'
  | 'CLIENT_BLACKHOLE'
  | 'NO_ENDPOINTS'
  | 'NO_ROUTE'
  | 'APP_DOWN'
  | 'DENY_NETPOL'
  | 'HEALTH_FAILED'
  | 'HANG'
  | 'UNKNOWN';

export type DeclaredTransport = 'plaintext' | 'mtls' | 'tls' | 'hbone' | 'none';

/** The physical order in which a flow meets what is declared. */
export type Stage =
  | 'source'
  | 'visibility'
  | 'network-policy'
  | 'gateway'
  | 'client'
  | 'capture'
  | 'peer-authentication'
  | 'filter-chain'
  | 'identity'
  | 'custom-authorization'
  | 'request-authentication'
  | 'authorization'
  | 'health'
  | 'application';

export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Where in the object, e.g. `spec.rules[0]`; absent: the object as a whole. */
  readonly path?: string;
}

export interface Decider extends Partial<ObjectRef> {
  readonly stage: Stage;
  /** Where several objects decide together (no ALLOW policy matched; several isolating NetworkPolicies). */
  readonly objects?: readonly ObjectRef[];
}

/** One stage that the flow passed or failed, in physical order. */
export interface TrailStep {
  readonly stage: Stage;
  /** A short word: `allow`, `deny`, `mtls`, `plaintext`, `captured`, `bypassed`, `STRICT`, `PERMISSIVE`, … */
  readonly result: string;
  /** What decided where no object did: `auto-mtls`, `default`, `excludeInboundPorts`, … */
  readonly by?: string;
  readonly object?: ObjectRef;
  /**
   * False where the stage is declared but is not on the flow's way (STRICT for a port that is excluded from capture, an
   * identity rule that plaintext slips past): the trail still says what it would have done. Conflicts come out of these.
   */
  readonly isInEffect?: boolean;
  /** Plain words for a reader. */
  readonly note?: string;
}

export interface EndpointExpectation {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly expect: 'allow' | 'deny' | 'unknown';
  readonly outcome: OutcomeCode;
  readonly transport: DeclaredTransport;
  readonly identity: string | null;
  readonly decidedBy: Decider | null;
  readonly trail: readonly TrailStep[];
}

/** A declared cell. Shapes and names are the published output of `expect`. */
export interface Expectation {
  readonly expect: 'allow' | 'deny' | 'mixed' | 'unknown';
  readonly outcome: OutcomeCode;
  readonly transport: DeclaredTransport;
  /** SPIFFE id that the server sees, or null. */
  readonly identity: string | null;
  readonly httpStatus?: number;
  readonly decidedBy: Decider | null;
  readonly trail: readonly TrailStep[];
  /** Only where endpoints differ. */
  readonly endpoints?: readonly EndpointExpectation[];
  readonly warnings: readonly string[];
}
