/** What the fake API server serves unless a test says otherwise. */

export interface Resource {
  /** `v1`, `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

function namespaced(apiVersion: string, kinds: Readonly<Record<string, string>>): readonly Resource[] {
  return Object.entries(kinds).map(([kind, plural]) => ({ apiVersion, kind, plural, isNamespaced: true }));
}

export const KUBERNETES: readonly Resource[] = [
  { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', isNamespaced: false },
  { apiVersion: 'v1', kind: 'Node', plural: 'nodes', isNamespaced: false },
  ...namespaced('v1', {
    Pod: 'pods',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
    ConfigMap: 'configmaps',
    Secret: 'secrets',
    ReplicationController: 'replicationcontrollers',
  }),
  ...namespaced('apps/v1', {
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
    DaemonSet: 'daemonsets',
  }),
  ...namespaced('batch/v1', { Job: 'jobs', CronJob: 'cronjobs' }),
  ...namespaced('discovery.k8s.io/v1', { EndpointSlice: 'endpointslices' }),
  ...namespaced('policy/v1', { PodDisruptionBudget: 'poddisruptionbudgets' }),
  ...namespaced('networking.k8s.io/v1', { NetworkPolicy: 'networkpolicies' }),
];

export const ISTIO: readonly Resource[] = [
  ...namespaced('security.istio.io/v1', {
    PeerAuthentication: 'peerauthentications',
    RequestAuthentication: 'requestauthentications',
    AuthorizationPolicy: 'authorizationpolicies',
  }),
  ...namespaced('networking.istio.io/v1', {
    DestinationRule: 'destinationrules',
    VirtualService: 'virtualservices',
    Sidecar: 'sidecars',
    ServiceEntry: 'serviceentries',
    WorkloadEntry: 'workloadentries',
    Gateway: 'gateways',
  }),
  ...namespaced('networking.istio.io/v1alpha3', { EnvoyFilter: 'envoyfilters' }),
];

/** Small, for tests of one collection. */
export const FEW: readonly Resource[] = KUBERNETES.filter(({ kind }) => ['Namespace', 'Pod', 'Service'].includes(kind));
