/** What of a mesh is there to be measured: running, in the chosen namespaces, not ours, and not opted out by its owner. */
import type { GatewayRoute, Mesh, Pod, Service } from '../declared/mesh.ts';
import { isApplication } from './facts.ts';
import { isOurs } from './options.ts';
import type { PlanOptions } from './options.ts';
import { wishesOf } from './wishes.ts';

export interface Scope {
  /** The namespace was chosen. */
  readonly covers: (namespace: string) => boolean;
  /** Pods whose health checks may be sent, sorted by key: also those that are not ready, for that is what checks are for. */
  readonly pods: readonly Pod[];
  /** Of these, those whose ports may be dialled. */
  readonly dialled: readonly Pod[];
  /** A Service leads to that port whose owner does not want it probed. */
  readonly isClosed: (pod: Pod, port: number) => boolean;
  /** Services that may be called. */
  readonly services: readonly Service[];
  readonly gatewayRoutes: readonly GatewayRoute[];
  /** See `Plan.optedOut`. */
  readonly optedOut: readonly string[];
}

export function scopeOf(mesh: Mesh, { namespaces, ownNamespace }: PlanOptions): Scope {
  const covers = (namespace: string): boolean =>
    namespaces === 'all' ? !isInfrastructure(mesh, namespace) : namespaces.has(namespace);
  const isIn = (object: Pod | Service): boolean => covers(object.namespace) && !isOurs(object, ownNamespace);
  const isLive = mesh.pods.some((pod) => pod.isLive);
  const wishes = wishesOf(mesh);

  const candidates = mesh.pods.filter((pod) => isIn(pod) && isApplication(pod) && isThere(pod, isLive));
  const pods = candidates.filter(wishes.allowsPod);
  const wanted = new Set(pods);
  const unwanted = new Set(candidates.filter((pod) => !wanted.has(pod)).map(({ key }) => key));

  const closed = new Set<string>();
  const services = mesh.services.filter((service) => {
    if (!isIn(service) || !isCallable(mesh, service)) return false;
    const endpoints = service.ports.flatMap((port) => port.endpoints);
    if (!wishes.allowsService(service)) {
      for (const { pod, port } of endpoints) closed.add(`${pod ?? ''}:${String(port)}`);
      return false;
    }
    // A caller cannot choose among the endpoints: one pod that does not want it keeps the Service out.
    return !endpoints.some(({ pod }) => unwanted.has(pod ?? ''));
  });
  const callable = new Set(services.map(({ key }) => key));
  return {
    covers,
    pods,
    dialled: pods.filter((pod) => pod.isReady),
    isClosed: (pod, port) => closed.has(`${pod.key}:${String(port)}`),
    services,
    gatewayRoutes: mesh.gatewayRoutes.filter(({ gateway, backend }) => {
      const hop = mesh.servicesByKey.get(gateway);
      return hop !== undefined && callable.has(backend.service) && wishes.allowsService(hop);
    }),
    optedOut: wishes.refusals(),
  };
}

const KUBERNETES_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** Kubernetes' own namespaces and the mesh's are measured where they are asked for by name. */
function isInfrastructure({ rootNamespace }: Mesh, namespace: string): boolean {
  return namespace === rootNamespace || KUBERNETES_NAMESPACES.has(namespace);
}

/**
 * In a cluster a pod is there when it runs and has an address: what is declared only (a finished Job, a suspended
 * CronJob, a Deployment whose pods nobody admits) has nothing that could be dialled.
 */
function isThere(pod: Pod, isLive: boolean): boolean {
  return !isLive || (pod.isLive && !pod.isEnding && pod.addresses.length > 0);
}

/** Standalone proxies and what is outside are no targets; a Service without endpoints is one (503). */
function isCallable(mesh: Mesh, service: Service): boolean {
  if (service.isExternal || service.kind !== 'Service') return false;
  const pods = service.ports.flatMap(({ endpoints }) => endpoints).map(({ pod }) => mesh.podsByKey.get(pod ?? ''));
  return pods.length === 0 || pods.some((pod) => pod === undefined || isApplication(pod));
}
