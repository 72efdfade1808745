/** The shared words: what agent and controller mean by vantage, target, probe, task and outcome. */

/** How the traffic of a pod is carried. `host` is a process in the node's own network (the kubelet). */
export type DataPlane = 'naked' | 'sidecar' | 'ambient' | 'host';

/** Where a probe starts. Two pods of one namespace, service account and data plane are the same vantage. */
export interface Vantage {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly dataPlane: DataPlane;
  /** Of `host` alone: the node whose network it is, where there is a vantage a node. Absent: any node stands for all. */
  readonly node?: string;
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

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
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
  const { namespace, serviceAccount, dataPlane, node } = vantage;
  return `${namespace}/${serviceAccount} (${node === undefined ? dataPlane : `${dataPlane} ${node}`})`;
}

/** `shop/pay:8080`, `pod:shop/pay-1:8080`, `shop/front:80 via edge/gateway:80 (shop.example)`. */
/** Of the pod that an agent of the vantage runs in, where one was made for it. */
export function probePodName({ dataPlane, serviceAccount }: Vantage): string {
  return `probe-${dataPlane}-${serviceAccount}`;
}

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
