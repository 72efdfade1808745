/** The shared words: what agent and controller mean by vantage, target, probe, task and outcome. */

/** How the traffic of a pod is carried. `host` is a process in the node's own network (the kubelet). */
export type DataPlane = 'naked' | 'sidecar' | 'ambient' | 'host';

/** Where a probe starts. Two pods of one namespace, service account and data plane are the same vantage. */
export interface Vantage {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly dataPlane: DataPlane;
}

/** A Service's port as a caller names it. `via` sends the call through a gateway, with `host` as its Host header. */
export interface ServiceTarget {
  readonly kind: 'service';
  readonly namespace: string;
  readonly name: string;
  /** The Service's own port number. */
  readonly port: number;
  readonly via?: GatewayHop;
}

export interface GatewayHop {
  readonly namespace: string;
  /** The gateway's Service. */
  readonly name: string;
  readonly port: number;
  readonly host: string;
}

/** One pod's port at the pod's own address. */
export interface PodTarget {
  readonly kind: 'pod';
  readonly namespace: string;
  readonly name: string;
  /** The container port. */
  readonly port: number;
}

export type Target = ServiceTarget | PodTarget;

/** Certificate that a TLS probe presents. */
export type ClientCertificate = 'valid' | 'none' | 'untrusted-ca';

export interface HttpProbe {
  readonly kind: 'http';
  readonly method: string;
  readonly path: string;
}

/** Sends bytes that are not HTTP (at least 5, so that a protocol inspector decides) and expects bytes back. */
export interface TcpProbe {
  readonly kind: 'tcp';
}

/** grpc.health.v1.Health/Check over cleartext HTTP/2. */
export interface GrpcProbe {
  readonly kind: 'grpc';
}

/** TLS without a client certificate. Asks what the port terminates, never gets an application answer from Istio. */
export interface TlsProbe {
  readonly kind: 'tls';
  /** Offered ALPN names, in order; empty: the extension is not sent. */
  readonly alpn: readonly string[];
}

/** TLS with the agent's workload certificate, then the application request inside. */
export interface MutualTlsProbe {
  readonly kind: 'mtls';
  readonly alpn: readonly string[];
  readonly application: ApplicationProtocol;
  /** What an HTTP request inside asks for. @default / */
  readonly path?: string;
}

/** TLS with a certificate of the right name from a CA that the mesh does not know. */
export interface UntrustedTlsProbe {
  readonly kind: 'mtls-untrusted';
  readonly alpn: readonly string[];
  readonly application: ApplicationProtocol;
  /** What an HTTP request inside asks for. @default / */
  readonly path?: string;
}

/** What to say inside a connection to make the target answer. */
export type ApplicationProtocol = 'http' | 'tcp' | 'grpc';

export type ContainerProbeKind = 'liveness' | 'readiness' | 'startup';
/** `kubelet`: exactly what the kubelet sends now; `original`: the probe as written, straight to the app port; `rewritten`: the sidecar's status port. */
export type HealthVariant = 'kubelet' | 'original' | 'rewritten';

/** One container health check, as the kubelet or as we send it. */
export interface HealthProbe {
  readonly kind: 'health';
  readonly container: string;
  readonly check: ContainerProbeKind;
  readonly variant: HealthVariant;
  readonly action: HealthAction;
}

export type HealthAction =
  | {
      readonly kind: 'httpGet';
      readonly path: string;
      readonly scheme: 'HTTP' | 'HTTPS';
      readonly headers: readonly HttpHeader[];
    }
  | { readonly kind: 'tcpSocket' }
  | { readonly kind: 'grpc'; readonly service: string };

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

export type Probe = HttpProbe | TcpProbe | GrpcProbe | TlsProbe | MutualTlsProbe | UntrustedTlsProbe | HealthProbe;
export type ProbeKind = Probe['kind'];

/** The key of every matrix. */
export interface Route {
  readonly vantage: Vantage;
  readonly target: Target;
  readonly probe: Probe;
}

/** Something to dial: an IP address (never a name, unless the name is what is probed) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One planned attempt on a route. */
export interface Task {
  /** The route's number in the plan that the agent holds. */
  readonly route: number;
  /** Which repetition: the time slot of a continuous plan, or the number that a one-time plan gives. */
  readonly slot: number;
  /** Which attempt within the slot, from 0. */
  readonly attempt: number;
  readonly probe: Probe;
  readonly address: Address;
  /** The Host header, or `:authority`. */
  readonly authority: string;
  /** Server name for TLS probes (Istio's form is `outbound_.80_._.pay.shop.svc.cluster.local`); empty: not sent. */
  readonly serverName: string;
  /** SPIFFE ids that the served certificate may carry; empty: any id of the mesh's own root. */
  readonly peerIdentities: readonly string[];
  readonly connectTimeoutMs: number;
  /** Hard deadline of the whole attempt, body included. */
  readonly timeoutMs: number;
}

/** How far an attempt got. `application` is everything after the connection (and TLS, if any) stood. */
export type Layer = 'dns' | 'tcp' | 'tls' | 'application';

export interface PhaseTimings {
  /** Milliseconds spent in each layer that was reached; the rest is absent. */
  readonly dnsMs?: number;
  readonly tcpMs?: number;
  readonly tlsMs?: number;
  readonly firstByteMs?: number;
  readonly totalMs: number;
}

/** Transport of an answered attempt as far as it is proved: by our own handshake, or by a witness. */
export type ProvedTransport = 'plaintext' | 'tls' | 'mtls' | 'hbone' | 'unproved';

/** What was found wrong with a served certificate; the connection is taken on to the answer all the same. */
export type IdentityFault = 'expired' | 'not-yet-valid' | 'untrusted-root' | 'identity-mismatch' | 'no-spiffe-id';

/** The certificate that the peer served, as it was read. */
export interface PeerCertificate {
  /** The URI SAN, or null. */
  readonly spiffeId: string | null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the topmost certificate that was served, hex; tells two roots apart. */
  readonly issuerFingerprint: string;
  readonly fault: IdentityFault | null;
}

/** What our own witness said of the caller. Absent where the target is not a witness. */
export interface WitnessReport {
  /** Which pod answered. */
  readonly pod: string;
  /** SPIFFE id from the last element of x-forwarded-client-cert; null: the witness saw plaintext without identity. */
  readonly caller: string | null;
  /** Whether the answering port stands behind a proxy that sets x-forwarded-client-cert, so that `caller` is proof. */
  readonly isProof: boolean;
}

interface AttemptFacts {
  /** Which of the route's addresses was dialled, counted from 0. */
  readonly address: number;
  readonly timings: PhaseTimings;
  readonly certificate?: PeerCertificate;
}

/** Bytes came back in answer from the application (whatever its status), or a health check got the answer it wants. */
export interface Reached extends AttemptFacts {
  readonly kind: 'reached';
  readonly transport: ProvedTransport;
  /** HTTP or gRPC status of the answer. */
  readonly status?: number;
  readonly witness?: WitnessReport;
}

/** How a refusal looked on the wire; a signature never claims more than the bytes prove. */
export type Signature =
  | 'name-not-found'
  | 'name-lookup-failed'
  | 'connection-refused'
  | 'unreachable'
  | 'reset'
  | 'closed'
  | 'certificate-required'
  | 'certificate-refused'
  | 'protocol-version'
  | 'tls-alert'
  | 'speaks-plaintext'
  | 'rbac-denied'
  | 'jwt-refused'
  | 'bad-request'
  | 'no-route'
  | 'blackhole'
  | 'upstream-reset'
  | 'upstream-plaintext'
  | 'upstream-certificate'
  | 'upstream-timeout'
  | 'upstream-refused'
  | 'upstream-failed'
  | 'no-healthy-upstream'
  | 'health-failed'
  | 'not-the-protocol';

/** Why our certificate was refused, where the wire says so. */
export type CertificateRefusal = 'unknown-ca' | 'expired' | 'identity' | 'bad' | 'revoked' | 'unspecified';

export interface Refused extends AttemptFacts {
  readonly kind: 'refused';
  readonly layer: Layer;
  readonly signature: Signature;
  readonly status?: number;
  /** TLS alert number, where one was sent. */
  readonly alert?: number;
  readonly certificateRefusal?: CertificateRefusal;
  /** Short evidence as it was seen (error text, first bytes of a body); never a secret, at most 256 characters. */
  readonly detail: string;
}

/** Nothing came before the deadline. */
export interface Silent extends AttemptFacts {
  readonly kind: 'silent';
  readonly layer: Layer;
  readonly afterMs: number;
}

/** Faults of ours. An untested attempt is never a denial. */
export type UntestedWhy =
  | 'no-agent'
  | 'agent-lost'
  | 'agent-starved'
  | 'agent-not-ready'
  | 'resource-exhausted'
  | 'no-certificate'
  | 'no-address'
  | 'dropped'
  | 'cancelled'
  | 'unsupported-probe'
  | 'internal-fault';

export interface Untested {
  readonly kind: 'untested';
  readonly why: UntestedWhy;
  readonly detail: string;
}

/** The classified result of an attempt: what the wire said, never an exception. */
export type Outcome = Reached | Refused | Silent | Untested;

/** An outcome with its place: which attempt on which route it answers. */
export interface Report {
  readonly route: number;
  readonly slot: number;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly outcome: Outcome;
}

/** One line of a plan: a route as an agent needs it. */
export interface PlannedRoute {
  readonly route: number;
  readonly slot: number;
  readonly probe: Probe;
  /** Dialled in turn: attempt n takes address n modulo their number. Never empty. */
  readonly addresses: readonly Address[];
  readonly authority: string;
  readonly serverName: string;
  readonly peerIdentities: readonly string[];
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  /** Attempts in a slot, one after the other. */
  readonly attempts: number;
  /** 0: once; otherwise at least 1000. */
  readonly intervalMs: number;
}

/** `shop/web` with its data plane where it is not a sidecar: `legacy/batch (naked)`. Unique and human. */
export function vantageKey(vantage: Vantage): string {
  return `${vantage.namespace}/${vantage.serviceAccount} (${vantage.dataPlane})`;
}

/** `shop/pay:8080`, `pod:shop/pay-1:8080`, `shop/front:80 via edge/gateway:80 (shop.example)`. */
export function targetKey(target: Target): string {
  const name = `${target.namespace}/${target.name}:${String(target.port)}`;
  if (target.kind === 'pod') return `pod:${name}`;
  if (target.via === undefined) return name;
  const { via } = target;
  return `${name} via ${via.namespace}/${via.name}:${String(via.port)} (${via.host})`;
}

/** `http GET /`, `tls`, `tls istio-http/1.1`, `health app/liveness kubelet`. */
export function probeKey(probe: Probe): string {
  switch (probe.kind) {
    case 'http':
      return `http ${probe.method} ${probe.path}`;
    case 'tcp':
    case 'grpc':
      return probe.kind;
    case 'tls':
    case 'mtls':
    case 'mtls-untrusted':
      return [probe.kind, ...probe.alpn].join(' ');
    case 'health':
      return `health ${probe.container}/${probe.check} ${probe.variant}`;
  }
}

/** The key of a cell in every matrix, baseline and metric. */
export function routeKey(route: Route): string {
  return `${vantageKey(route.vantage)} → ${targetKey(route.target)} ${probeKey(route.probe)}`;
}

/** SPIFFE id of a service account. */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}
