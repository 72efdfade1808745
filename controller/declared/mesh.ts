/** A snapshot made into a frozen, indexed view of the mesh: everything that depends on objects alone is worked out here, once. */
import { authorizationSet, policiesFor, readAuthorizationPolicies } from './authorization.ts';
import type { AuthorizationPolicies, AuthorizationSet } from './authorization.ts';
import { readDestinationRules } from './destination-rule.ts';
import type { DestinationRules } from './destination-rule.ts';
import { gatewayRoutes, gatewaySelectors, readApiRoutes, readGatewayServers } from './gateway.ts';
import type { Gateways } from './gateway.ts';
import { readMeshConfig } from './mesh-config.ts';
import type { MeshConfig } from './mesh-config.ts';
import { metadataIndex } from './metadata.ts';
import type { MetadataOf } from './metadata.ts';
import type { GatewayRoute, Pod, Service, ServicePort, Workload } from './model.ts';
import { namespaceLabels } from './namespaces.ts';
import type { NamespaceLabels } from './namespaces.ts';
import { readNetworkPolicies } from './network-policy.ts';
import type { NetworkPolicies } from './network-policy.ts';
import type { K8sObject, Snapshot } from './objects.ts';
import { compareText, groupBy } from './order.ts';
import { effectivePeerAuthentication, readPeerAuthentications } from './peer-authentication.ts';
import type { EffectivePeerAuthentication, PeerAuthentications } from './peer-authentication.ts';
import { fields, list, texts } from './reading.ts';
import { readRequestAuthentications } from './request-authentication.ts';
import type { RequestAuthentication } from './request-authentication.ts';
import { clientScope, readSidecars } from './sidecar-scope.ts';
import type { ClientScope, Sidecars } from './sidecar-scope.ts';
import { readServiceEntries } from './service-entries.ts';
import { readServices } from './services.ts';
import { readUnmodelled } from './unmodelled.ts';
import type { Unmodelled } from './unmodelled.ts';
import { readVirtualServices } from './virtual-service.ts';
import type { VirtualService } from './virtual-service.ts';
import { readWaypoints } from './waypoint.ts';
import type { Waypoint } from './waypoint.ts';
import { readWorkloads } from './workloads.ts';

export type * from './model.ts';

/** The Service that says what a pod's port speaks: the oldest one. */
export interface PortOwner {
  readonly service: Service;
  readonly port: ServicePort;
}

export interface Mesh {
  readonly trustDomain: string;
  readonly rootNamespace: string;
  /** Sorted by key, as all lists here. */
  readonly workloads: readonly Workload[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly gatewayRoutes: readonly GatewayRoute[];
  readonly podsByKey: ReadonlyMap<string, Pod>;
  readonly workloadsByKey: ReadonlyMap<string, Workload>;
  readonly servicesByKey: ReadonlyMap<string, Service>;
  readonly config: MeshConfig;
  readonly namespaceLabels: NamespaceLabels;
  readonly metadataOf: MetadataOf;
  readonly podsByAddress: ReadonlyMap<string, Pod>;
  /** Internal address of each Node that is known. */
  readonly nodeAddresses: ReadonlyMap<string, string>;
  readonly servicesByAddress: ReadonlyMap<string, Service>;
  /** Services with an HTTP-declared port of that number make one listener of a client proxy: has a client of this scope one? */
  readonly isHttpListener: (scope: ClientScope, port: number) => boolean;
  /** Ports of headless services with a listener for each pod (not declared HTTP). */
  readonly headlessPortsOf: (pod: Pod) => readonly PortOwner[];
  readonly portOwner: (pod: Pod, port: number) => PortOwner | null;
  /** Container ports that some Service leads to. */
  readonly ownedPortsOf: (pod: Pod) => readonly number[];
  /** Everything with a host name: Services, and the hosts of ServiceEntries. */
  readonly hosts: readonly Service[];
  /** Kubernetes' own before those of ServiceEntries. */
  readonly hostsByName: ReadonlyMap<string, Service>;
  readonly peerAuthentications: PeerAuthentications;
  readonly destinationRules: DestinationRules;
  readonly sidecars: Sidecars;
  readonly gateways: Gateways;
  readonly virtualServices: readonly VirtualService[];
  readonly authorizationPolicies: AuthorizationPolicies;
  readonly requestAuthenticationsOf: (pod: Pod) => readonly RequestAuthentication[];
  readonly requestAuthentications: ReadonlyMap<string, readonly RequestAuthentication[]>;
  /** By `namespace/name` of their Gateway. */
  readonly waypoints: ReadonlyMap<string, Waypoint>;
  /** Somebody is in ambient mode, so sidecars speak HBONE where they can. */
  readonly isAmbient: boolean;
  readonly unmodelled: readonly Unmodelled[];
  /** Null: nothing that depends on the time is judged. */
  readonly takenAtMs: number | null;
  readonly networkPolicies: NetworkPolicies;
  readonly peerAuthenticationOf: (pod: Pod) => EffectivePeerAuthentication;
  readonly authorizationOf: (pod: Pod) => AuthorizationSet;
  readonly scopeOf: (pod: Pod) => ClientScope;
}

const OWNER_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob'];

/** Never throws: what cannot be understood of an object is left out. */
export function buildMesh(snapshot: Snapshot): Mesh {
  const byKind = groupBy(snapshot.objects, ({ kind }) => kind);
  const kind = (name: string): readonly K8sObject[] => byKind.get(name) ?? [];
  const istio = (name: string): readonly K8sObject[] =>
    kind(name).filter(({ apiVersion, metadata }) => {
      const revision = metadata.labels['istio.io/rev'];
      return apiVersion.includes('istio.io/') && (revision === undefined || revision === config.revision);
    });
  const config = readMeshConfig(kind('ConfigMap'));
  const labelsOf = namespaceLabels(kind('Namespace'));
  const { workloads, pods } = readWorkloads({
    config,
    namespaceLabels: labelsOf,
    pods: kind('Pod').filter(isRunning),
    owners: OWNER_KINDS.flatMap(kind),
    gatewaySelectors: gatewaySelectors(kind('Gateway')),
  });
  const podsByAddress = new Map(
    pods.filter((pod) => !pod.isHostNetwork).flatMap((pod) => pod.addresses.map((ip) => [ip, pod] as const)),
  );
  const services = readServices({
    config,
    services: kind('Service'),
    endpointSlices: kind('EndpointSlice'),
    endpoints: kind('Endpoints'),
    pods,
    podsByAddress,
  });
  const podsByKey = new Map(pods.map((pod) => [pod.key, pod]));
  const peerAuthentications = readPeerAuthentications(istio('PeerAuthentication'), config.rootNamespace);
  const authorizationPolicies = readAuthorizationPolicies(istio('AuthorizationPolicy'), config);
  const requestAuthentications = readRequestAuthentications(istio('RequestAuthentication'));
  const sidecars = readSidecars(istio('Sidecar'));
  const virtualServices = readVirtualServices(
    [...istio('VirtualService'), ...readApiRoutes(kind('HTTPRoute'))],
    config,
  );
  const gateways = { servers: readGatewayServers(kind('Gateway')), virtualServices };
  const hosts = [
    ...services,
    ...readServiceEntries({
      config,
      serviceEntries: istio('ServiceEntry'),
      workloadEntries: istio('WorkloadEntry'),
      pods,
    }),
  ];
  const owners = portOwners(services);
  return {
    trustDomain: config.trustDomain,
    rootNamespace: config.rootNamespace,
    workloads,
    pods,
    services,
    gatewayRoutes: gatewayRoutes(gateways, services, podsByKey),
    gateways,
    virtualServices,
    podsByKey,
    workloadsByKey: new Map(workloads.map((workload) => [workload.key, workload])),
    servicesByKey: new Map(services.map((service) => [service.key, service])),
    config,
    namespaceLabels: labelsOf,
    metadataOf: metadataIndex(snapshot.objects),
    podsByAddress,
    nodeAddresses: nodeAddresses(kind('Node')),
    servicesByAddress: new Map(hosts.flatMap((service) => service.clusterIps.map((ip) => [ip, service] as const))),
    isHttpListener: httpListeners(httpServices(hosts)),
    headlessPortsOf: (pod) => owners.headless.get(pod.key) ?? [],
    portOwner: (pod, port) => owners.byPod.get(pod.key)?.get(port) ?? null,
    ownedPortsOf: (pod) => [...(owners.byPod.get(pod.key)?.keys() ?? [])],
    hosts,
    hostsByName: new Map(hosts.toReversed().map((service) => [service.fqdn, service])),
    peerAuthentications,
    destinationRules: readDestinationRules(istio('DestinationRule'), config),
    sidecars,
    authorizationPolicies,
    requestAuthenticationsOf: remember((pod) => policiesFor(requestAuthentications, pod, config.rootNamespace)),
    unmodelled: readUnmodelled(snapshot.objects, config.rootNamespace),
    takenAtMs: snapshot.takenAtMs ?? null,
    waypoints: readWaypoints(kind('Gateway'), pods),
    requestAuthentications,
    isAmbient: pods.some(({ dataPlane }) => dataPlane === 'ambient'),
    networkPolicies: readNetworkPolicies(kind('NetworkPolicy').filter(isKubernetes), labelsOf),
    peerAuthenticationOf: remember((pod) => effectivePeerAuthentication(peerAuthentications, pod)),
    authorizationOf: remember((pod) => authorizationSet(policiesFor(authorizationPolicies, pod, config.rootNamespace))),
    scopeOf: remember((pod) => clientScope(sidecars, config, pod)),
  };
}

function nodeAddresses(nodes: readonly K8sObject[]): ReadonlyMap<string, string> {
  return new Map(
    nodes.flatMap(({ metadata, ['status']: status }) =>
      list(fields(status)['addresses'])
        .filter((entry) => fields(entry)['type'] === 'InternalIP')
        .flatMap((entry) => texts([fields(entry)['address']]).map((address) => [metadata.name, address] as const)),
    ),
  );
}

/** Calico has a NetworkPolicy of its own. */
function isKubernetes({ apiVersion }: K8sObject): boolean {
  return apiVersion.startsWith('networking.k8s.io/') || apiVersion.startsWith('extensions/');
}

/** Pods that ended answer nothing. */
function isRunning(pod: K8sObject): boolean {
  const status = pod['status'];
  const phase = typeof status === 'object' && status !== null && 'phase' in status ? status.phase : undefined;
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Works out once for each pod, when first asked. */
function remember<T>(make: (pod: Pod) => T): (pod: Pod) => T {
  const known = new Map<Pod, T>();
  return (pod) => {
    const found = known.get(pod);
    if (found !== undefined) return found;
    const made = make(pod);
    known.set(pod, made);
    return made;
  };
}

/** istio: pilot/pkg/model/context.go:SetServiceTargets: the oldest service wins, then the first host name. */
function portOwners(services: readonly Service[]): {
  readonly byPod: ReadonlyMap<string, ReadonlyMap<number, PortOwner>>;
  readonly headless: ReadonlyMap<string, readonly PortOwner[]>;
} {
  const byPod = new Map<string, Map<number, PortOwner>>();
  const headless = new Map<string, PortOwner[]>();
  const byAge = [...services].sort((a, b) => a.createdAtMs - b.createdAtMs || compareText(a.fqdn, b.fqdn));
  for (const service of byAge) {
    for (const port of service.ports) {
      for (const { pod, port: number } of port.endpoints) {
        if (pod === null) continue;
        const ports = byPod.get(pod) ?? new Map<number, PortOwner>();
        byPod.set(pod, ports);
        if (!ports.has(number)) ports.set(number, { service, port });
        if (!service.isHeadless || port.protocol === 'http' || port.protocol === 'grpc') continue;
        const listeners = headless.get(pod) ?? [];
        headless.set(pod, listeners);
        listeners.push({ service, port });
      }
    }
  }
  return { byPod, headless };
}

function httpServices(services: readonly Service[]): ReadonlyMap<number, readonly Service[]> {
  const byPort = new Map<number, Service[]>();
  for (const service of services) {
    for (const { port, protocol } of service.ports) {
      if (protocol !== 'http' && protocol !== 'grpc') continue;
      const others = byPort.get(port);
      if (others === undefined) byPort.set(port, [service]);
      else others.push(service);
    }
  }
  return byPort;
}

/** Worked out once for each scope and port, when first asked: there may be many services on a port. */
function httpListeners(byPort: ReadonlyMap<number, readonly Service[]>): Mesh['isHttpListener'] {
  const known = new Map<ClientScope, Map<number, boolean>>();
  return (scope, port) => {
    const listeners = known.get(scope) ?? new Map<number, boolean>();
    known.set(scope, listeners);
    const found = listeners.get(port) ?? (byPort.get(port) ?? []).some((service) => scope.sees(service, port));
    listeners.set(port, found);
    return found;
  };
}
