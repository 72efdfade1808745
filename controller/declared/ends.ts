/** The two ends of a flow, found in the mesh: who calls, and what is called. */
import type { Flow } from './expectation.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServicePort } from './model.ts';

export type Caller =
  | { readonly kind: 'pod'; readonly pod: Pod; readonly isMixed: boolean }
  /** The kubelet of whatever node the target is on. */
  | { readonly kind: 'kubelet' }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'outside'; readonly address: string };

export type Callee =
  | { readonly kind: 'service'; readonly service: Service; readonly port: ServicePort }
  | { readonly kind: 'pods'; readonly pods: readonly Pod[] }
  | { readonly kind: 'outside'; readonly host: string };

/** Null, where the mesh has nobody of that name. */
export function findCaller(mesh: Mesh, source: string): Caller | null {
  if (source === 'kubelet') return { kind: 'kubelet' };
  if (source.startsWith('node:')) return { kind: 'node', name: source.slice('node:'.length) };
  if (source.startsWith('ip:')) {
    const address = source.slice('ip:'.length);
    const pod = mesh.podsByAddress.get(address);
    return pod === undefined ? { kind: 'outside', address } : { kind: 'pod', pod, isMixed: false };
  }
  const pods = podsNamed(mesh, source);
  const [pod] = pods;
  if (pod === undefined) return null;
  return { kind: 'pod', pod, isMixed: pods.some(({ dataPlane }) => dataPlane !== pod.dataPlane) };
}

/** A pod of that name before a workload's pods. */
export function podsNamed(mesh: Mesh, key: string): readonly Pod[] {
  const pod = mesh.podsByKey.get(key);
  if (pod !== undefined) return [pod];
  return mesh.workloadsByKey.get(key)?.pods ?? [];
}

/** A text, where there is nothing of that name: why. */
export function findCallee(mesh: Mesh, { target, port }: Pick<Flow, 'target' | 'port'>): Callee | string {
  if (target.startsWith('pod:')) {
    const pods = podsNamed(mesh, target.slice('pod:'.length));
    return pods.length > 0 ? { kind: 'pods', pods } : `there is no workload or pod ${target.slice('pod:'.length)}`;
  }
  if (target.startsWith('ip:')) return calleeAt(mesh, target.slice('ip:'.length), port);
  if (target.startsWith('host:')) return calleeNamed(mesh, target.slice('host:'.length), port);
  const service = mesh.servicesByKey.get(target) ?? mesh.hosts.find(({ key }) => key === target);
  if (service === undefined) return `there is no service ${target}`;
  // ExternalName is another name for a service, or for something outside.
  if (service.externalName !== undefined) return calleeNamed(mesh, service.externalName, port);
  return ofService(service, port);
}

function ofService(service: Service, number: number): Callee | string {
  const port = service.ports.find((candidate) => candidate.port === number);
  return port === undefined
    ? `service ${service.key} has no port ${String(number)}`
    : { kind: 'service', service, port };
}

function calleeAt(mesh: Mesh, address: string, port: number): Callee | string {
  const pod = mesh.podsByAddress.get(address);
  if (pod !== undefined) return { kind: 'pods', pods: [pod] };
  const service = mesh.servicesByAddress.get(address);
  return service === undefined ? { kind: 'outside', host: address } : ofService(service, port);
}

/** A name that no object brings into the mesh, or a port that it does not have there, is outside. */
function calleeNamed(mesh: Mesh, host: string, port: number): Callee | string {
  const service =
    mesh.hostsByName.get(host) ?? mesh.hosts.find(({ fqdn }) => isWildcard(fqdn) && wildcardMatches(fqdn, host));
  const found = service === undefined ? undefined : ofService(service, port);
  return typeof found === 'object' ? found : { kind: 'outside', host };
}
