/** The parts of a mesh that the other rooms plan and judge with: workloads, pods, health checks, services, gateway routes. */
import type { ContainerProbeKind, DataPlane, HealthAction } from '../../proto/vocabulary.ts';
import type { TrailAgent } from './trail.ts';

/** `gateway` and `waypoint` are proxies that stand by themselves. */
export type WorkloadPlane = DataPlane | 'gateway' | 'waypoint';

export interface ContainerPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** A health check over the network: where it goes and what is asked. */
export interface HealthEndpoint {
  /** The container port; 0: the name in the manifest resolves to no port of the container. */
  readonly port: number;
  readonly action: HealthAction;
}

export interface NetworkHealthCheck {
  readonly kind: 'network';
  readonly container: string;
  readonly check: ContainerProbeKind;
  /** As its author wrote it. */
  readonly original: HealthEndpoint;
  /** What the kubelet sends now: `original`, or the path on the sidecar's status port. */
  readonly kubelet: HealthEndpoint;
  readonly isRewritten: boolean;
  /** False: rewritten, but the sidecar's agent does not know the path, and answers 400. */
  readonly isRegistered: boolean;
}

/** Runs inside the container; no network and no mesh has a part in it. */
export interface ExecHealthCheck {
  readonly kind: 'exec';
  readonly container: string;
  readonly check: ContainerProbeKind;
}

export type HealthCheck = NetworkHealthCheck | ExecHealthCheck;

/** Which of its ports lead through the pod's own proxy. */
export type InboundCapture =
  | { readonly kind: 'nothing'; readonly by: TrailAgent }
  | { readonly kind: 'all-but'; readonly reserved: ReadonlySet<number>; readonly excluded: ReadonlySet<number> }
  | { readonly kind: 'only'; readonly ports: ReadonlySet<number> };

/** Which of its calls lead through the pod's own proxy. */
export interface OutboundCapture {
  readonly isCaptured: boolean;
  readonly excludedPorts: ReadonlySet<number>;
  readonly excludedRanges: readonly string[];
  /** `*` or CIDRs. */
  readonly includedRanges: readonly string[];
}

export interface Pod {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Key of the workload. */
  readonly workload: string;
  readonly serviceAccount: string;
  /** In force on the running pod: what injection adds is in. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dataPlane: WorkloadPlane;
  readonly ports: readonly ContainerPort[];
  readonly healthChecks: readonly HealthCheck[];
  /** Pod IPs; empty for pods that exist in a template only. */
  readonly addresses: readonly string[];
  /** Node; empty where the manifests do not say. */
  readonly node: string;
  readonly isHostNetwork: boolean;
  /** Exists in a cluster, as opposed to a template or a manifest from which its pod is predicted. */
  readonly isLive: boolean;
  /** Of a pod that exists: what its conditions say. Predicted pods are taken for ready. */
  readonly isReady: boolean;
  /** It is being deleted. */
  readonly isEnding: boolean;
  /** The injection labels of it and its namespace, as they are now, ask for a sidecar; a pod that is older may have none. */
  readonly wantsSidecar: boolean;
  /** Milliseconds since 1970; undefined for predicted pods. */
  readonly createdAtMs?: number;
  /** Label `security.istio.io/tlsMode` as callers see it: `istio`, `disabled`, or what somebody wrote. */
  readonly tlsMode: string;
  /** Takes HBONE besides its ordinary ports. */
  readonly isTunnelCapable: boolean;
  readonly inbound: InboundCapture;
  readonly outbound: OutboundCapture;
}

export interface Workload {
  /** `namespace/name` of the topmost owner; a pod without owner is its own workload. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its first pod; see the pods where they differ. */
  readonly dataPlane: WorkloadPlane;
  /** Never empty; sorted by name. */
  readonly pods: readonly Pod[];
}

export interface ServiceEndpoint {
  /** `namespace/pod`; null for an address that is no pod of the snapshot. */
  readonly pod: string | null;
  /** Empty where the pod has no address yet. */
  readonly address: string;
  /** The port at the pod: targetPort, resolved for this endpoint. */
  readonly port: number;
  /** Of endpoints that are no pods (WorkloadEntry): `istio` where callers are to speak mTLS. */
  readonly tlsMode?: string;
}

/** What Istio was told that the port speaks: `grpc` is `http` to the filter chains, `auto` is sniffed. */
export type DeclaredProtocol = 'http' | 'grpc' | 'tcp' | 'auto';

export interface ServicePort {
  readonly port: number;
  readonly name?: string;
  readonly protocol: DeclaredProtocol;
  /** The application is said to speak TLS itself (`https`, `tls`). */
  readonly isTls: boolean;
  readonly endpoints: readonly ServiceEndpoint[];
}

/** A Kubernetes Service (or a host of a ServiceEntry); UDP and SCTP ports are left out. */
export interface Service {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly fqdn: string;
  readonly kind: 'Service' | 'ServiceEntry';
  readonly isHeadless: boolean;
  /** ExternalName: the name that it stands for. */
  readonly externalName?: string;
  /** Outside the mesh: never auto mTLS. */
  readonly isExternal: boolean;
  /** Names are resolved by DNS or taken from the call: its endpoints are not known. */
  readonly isUnresolved: boolean;
  /** Namespaces that see it: `*`, `.` or names; `~`: nobody. */
  readonly exportTo: readonly string[];
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty where none is assigned yet. */
  readonly clusterIps: readonly string[];
  /** Labels of its pods, whether or not they are endpoints now; undefined: nobody looks for any. */
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
}

/** A host that an ingress gateway routes to a service of the mesh. */
export interface GatewayRoute {
  /** Key of the gateway's Service. */
  readonly gateway: string;
  /** The gateway's Service port. */
  readonly port: number;
  readonly host: string;
  readonly backend: { readonly service: string; readonly port: number };
}
