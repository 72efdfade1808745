/** Manifests as plain objects, with the fields that the oracle reads and no others. */

export type Labels = Readonly<Record<string, string>>;
export type TlsMode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
export type ClientTlsMode = 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';

interface Shape<Kind extends string> {
  readonly apiVersion?: string;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
    readonly creationTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
}

export interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly hostNetwork?: boolean;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

export type Namespace = Shape<'Namespace'>;

export interface Pod extends Shape<'Pod'> {
  readonly spec: PodSpec;
  readonly status?: { readonly podIP?: string };
}

export interface Deployment extends Shape<'Deployment'> {
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
      readonly spec: PodSpec;
    };
  };
}

export type ReplicaSet = Shape<'ReplicaSet'>;

export interface ServicePort {
  readonly name?: string;
  readonly appProtocol?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

export interface Service extends Shape<'Service'> {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector?: Labels;
    readonly ports: readonly ServicePort[];
  };
}

export interface PeerAuthentication extends Shape<'PeerAuthentication'> {
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Labels };
    readonly mtls?: { readonly mode?: TlsMode };
    readonly portLevelMtls?: Readonly<Record<string, { readonly mode?: TlsMode }>>;
  };
}

export interface TrafficPolicy {
  readonly tls?: { readonly mode?: ClientTlsMode };
  readonly portLevelSettings?: readonly {
    readonly port: { readonly number: number };
    readonly tls?: { readonly mode?: ClientTlsMode };
  }[];
}

export interface DestinationRule extends Shape<'DestinationRule'> {
  readonly spec: {
    readonly host: string;
    readonly exportTo?: readonly string[];
    readonly workloadSelector?: { readonly matchLabels?: Labels };
    readonly trafficPolicy?: TrafficPolicy;
  };
}

export interface Sidecar extends Shape<'Sidecar'> {
  readonly spec?: {
    readonly workloadSelector?: { readonly labels?: Labels };
    readonly egress?: readonly { readonly hosts: readonly string[] }[];
    readonly outboundTrafficPolicy?: { readonly mode?: OutboundMode };
  };
}

export type OutboundMode = 'ALLOW_ANY' | 'REGISTRY_ONLY';
type Values = readonly string[];

export interface Source {
  readonly principals?: Values;
  readonly notPrincipals?: Values;
  readonly namespaces?: Values;
  readonly notNamespaces?: Values;
  readonly serviceAccounts?: Values;
  readonly notServiceAccounts?: Values;
  readonly ipBlocks?: Values;
  readonly notIpBlocks?: Values;
  readonly requestPrincipals?: Values;
  readonly notRequestPrincipals?: Values;
}

export interface Operation {
  readonly hosts?: Values;
  readonly notHosts?: Values;
  readonly methods?: Values;
  readonly notMethods?: Values;
  readonly paths?: Values;
  readonly notPaths?: Values;
  readonly ports?: Values;
  readonly notPorts?: Values;
}

export interface Condition {
  readonly key: string;
  readonly values?: Values;
  readonly notValues?: Values;
}

export interface Rule {
  readonly from?: readonly { readonly source?: Source }[];
  readonly to?: readonly { readonly operation?: Operation }[];
  readonly when?: readonly Condition[];
}

export interface AuthorizationPolicy extends Shape<'AuthorizationPolicy'> {
  readonly spec?: {
    readonly action?: 'ALLOW' | 'DENY' | 'AUDIT';
    readonly selector?: { readonly matchLabels?: Labels };
    readonly targetRefs?: readonly unknown[];
    readonly rules?: readonly Rule[];
  };
}

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: Values;
  }[];
}

export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: Values };
}

export interface NetworkPolicyPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface NetworkPolicy extends Shape<'NetworkPolicy'> {
  readonly spec: {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly {
      readonly from?: readonly NetworkPolicyPeer[];
      readonly ports?: readonly NetworkPolicyPort[];
    }[];
    readonly egress?: readonly {
      readonly to?: readonly NetworkPolicyPeer[];
      readonly ports?: readonly NetworkPolicyPort[];
    }[];
  };
}

/** The mesh configuration sits in `data.mesh`, as YAML or JSON text. */
export interface ConfigMap extends Shape<'ConfigMap'> {
  readonly data?: Labels;
}

export type Manifest =
  | Namespace
  | Pod
  | Deployment
  | ReplicaSet
  | Service
  | PeerAuthentication
  | DestinationRule
  | Sidecar
  | AuthorizationPolicy
  | NetworkPolicy
  | ConfigMap;

export function namespaceOf(object: Manifest): string {
  return object.metadata.namespace ?? 'default';
}

/** Every pair of `wanted` is in `labels`; nothing wanted fits everything. */
export function isSubset(wanted: Labels | undefined, labels: Labels): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}

/** Oldest first, then by name, then by namespace (istio: pilot/pkg/model/config.go:sortConfigByCreationTime). */
export function byAge<Object extends Manifest>(objects: readonly Object[]): readonly Object[] {
  return objects.toSorted(
    (one, other) =>
      bornAt(one) - bornAt(other) ||
      compareText(one.metadata.name, other.metadata.name) ||
      compareText(namespaceOf(one), namespaceOf(other)),
  );
}

export function bornAt(object: Manifest): number {
  const stamp = object.metadata.creationTimestamp;
  return stamp === undefined ? Number.NEGATIVE_INFINITY : Date.parse(stamp);
}

export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
