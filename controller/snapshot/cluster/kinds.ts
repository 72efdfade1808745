/** Kinds of objects that a snapshot of a cluster is made of. */

export interface Kind {
  readonly kind: string;
  /** Empty: the core group. */
  readonly group: string;
  /** That we can read, best first. */
  readonly versions: readonly string[];
  readonly plural: string;
  /** `control-plane`: in the namespaces where istiod runs, and there only. */
  readonly scope: 'cluster' | 'namespaces' | 'control-plane';
  readonly fieldSelector?: string;
  /** Objects of our own come and go with sweeps: they are no part of what is declared. */
  readonly leavesOutOurs: boolean;
  /** Where it may not be read a snapshot does without, and says so. @default false */
  readonly isOptional?: boolean;
}

const RUNNING = { leavesOutOurs: true, scope: 'namespaces' } as const;
/** Policies, and what they select by, count for our own pods, too: whoever made them. */
const POLICY = { leavesOutOurs: false, scope: 'namespaces' } as const;
const APPS = { ...RUNNING, group: 'apps', versions: ['v1'] } as const;
const SECURITY = { ...POLICY, group: 'security.istio.io', versions: ['v1', 'v1beta1'] } as const;
const NETWORKING = { ...POLICY, group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'] } as const;
const GATEWAY = { ...POLICY, group: 'gateway.networking.k8s.io', versions: ['v1', 'v1beta1'] } as const;
const EXTENSIONS = { ...POLICY, group: 'extensions.istio.io', versions: ['v1alpha1'] } as const;
const ADMIN = { ...POLICY, group: 'policy.networking.k8s.io', scope: 'cluster' } as const;
const CILIUM = { ...POLICY, group: 'cilium.io', versions: ['v2'] } as const;
const CALICO = { ...POLICY, group: 'crd.projectcalico.org', versions: ['v1'] } as const;

/** Never Secrets. Endpoints are mirrored into EndpointSlices (kubernetes: pkg/controller/endpointslicemirroring). */
export const KINDS: readonly Kind[] = [
  { ...POLICY, kind: 'Namespace', group: '', versions: ['v1'], plural: 'namespaces', scope: 'cluster' },
  { ...POLICY, kind: 'Node', group: '', versions: ['v1'], plural: 'nodes', scope: 'cluster' },
  {
    ...RUNNING,
    kind: 'Pod',
    group: '',
    versions: ['v1'],
    plural: 'pods',
    // Pods that ended answer nothing, and there may be more of them than of the others.
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
  },
  { ...RUNNING, kind: 'Service', group: '', versions: ['v1'], plural: 'services' },
  { ...RUNNING, kind: 'ServiceAccount', group: '', versions: ['v1'], plural: 'serviceaccounts' },
  { ...RUNNING, kind: 'ReplicationController', group: '', versions: ['v1'], plural: 'replicationcontrollers' },
  { ...RUNNING, kind: 'ConfigMap', group: '', versions: ['v1'], plural: 'configmaps', scope: 'control-plane' },
  {
    ...RUNNING,
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    versions: ['v1', 'v1beta1'],
    plural: 'endpointslices',
  },
  { ...APPS, kind: 'Deployment', plural: 'deployments' },
  { ...APPS, kind: 'ReplicaSet', plural: 'replicasets' },
  { ...APPS, kind: 'StatefulSet', plural: 'statefulsets' },
  { ...APPS, kind: 'DaemonSet', plural: 'daemonsets' },
  { ...RUNNING, kind: 'Job', group: 'batch', versions: ['v1'], plural: 'jobs' },
  { ...RUNNING, kind: 'CronJob', group: 'batch', versions: ['v1'], plural: 'cronjobs' },
  {
    ...RUNNING,
    kind: 'PodDisruptionBudget',
    group: 'policy',
    versions: ['v1'],
    plural: 'poddisruptionbudgets',
    isOptional: true,
  },
  { ...POLICY, kind: 'NetworkPolicy', group: 'networking.k8s.io', versions: ['v1'], plural: 'networkpolicies' },
  { ...SECURITY, kind: 'PeerAuthentication', plural: 'peerauthentications' },
  { ...SECURITY, kind: 'RequestAuthentication', plural: 'requestauthentications' },
  { ...SECURITY, kind: 'AuthorizationPolicy', plural: 'authorizationpolicies' },
  { ...NETWORKING, kind: 'DestinationRule', plural: 'destinationrules' },
  { ...NETWORKING, kind: 'VirtualService', plural: 'virtualservices' },
  { ...NETWORKING, kind: 'Sidecar', plural: 'sidecars' },
  { ...NETWORKING, kind: 'ServiceEntry', plural: 'serviceentries' },
  { ...NETWORKING, kind: 'WorkloadEntry', plural: 'workloadentries' },
  { ...NETWORKING, kind: 'Gateway', plural: 'gateways' },
  { ...NETWORKING, kind: 'EnvoyFilter', plural: 'envoyfilters' },
  { ...NETWORKING, kind: 'ProxyConfig', plural: 'proxyconfigs' },
  { ...EXTENSIONS, kind: 'WasmPlugin', plural: 'wasmplugins' },
  { ...EXTENSIONS, kind: 'TrafficExtension', plural: 'trafficextensions' },
  { ...GATEWAY, kind: 'Gateway', plural: 'gateways' },
  { ...GATEWAY, kind: 'HTTPRoute', plural: 'httproutes' },
  { ...ADMIN, kind: 'AdminNetworkPolicy', versions: ['v1alpha1'], plural: 'adminnetworkpolicies' },
  { ...ADMIN, kind: 'BaselineAdminNetworkPolicy', versions: ['v1alpha1'], plural: 'baselineadminnetworkpolicies' },
  { ...ADMIN, kind: 'ClusterNetworkPolicy', versions: ['v1alpha2'], plural: 'clusternetworkpolicies' },
  { ...CILIUM, kind: 'CiliumNetworkPolicy', plural: 'ciliumnetworkpolicies' },
  {
    ...CILIUM,
    kind: 'CiliumClusterwideNetworkPolicy',
    plural: 'ciliumclusterwidenetworkpolicies',
    scope: 'cluster',
  },
  { ...CALICO, kind: 'NetworkPolicy', plural: 'networkpolicies' },
  { ...CALICO, kind: 'GlobalNetworkPolicy', plural: 'globalnetworkpolicies', scope: 'cluster' },
];

const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  '',
  'apps',
  'batch',
  'discovery.k8s.io',
  'networking.k8s.io',
  'policy',
]);

/** Kubernetes' own: no definition of it can be taken away. */
export function isBuiltIn({ group }: Kind): boolean {
  return BUILT_IN_GROUPS.has(group);
}

/** A kind in the version that this cluster serves. */
export interface ServedKind extends Kind {
  readonly version: string;
}

export function apiVersionOf({ group, version }: Pick<ServedKind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path of the collection; `namespace` null: of the whole cluster. */
export function pathOf(kind: ServedKind, namespace: string | null): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
  return namespace === null ? `${root}/${kind.plural}` : `${root}/namespaces/${namespace}/${kind.plural}`;
}
