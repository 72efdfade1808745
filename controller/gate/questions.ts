/** What there is to ask of a declared mesh: every call, every way in through a gateway, every health check. */
import type { Flow, FlowProbe } from '../declared/expectation.ts';
import type { DeclaredProtocol, Mesh, Pod, Service, ServicePort, Workload } from '../declared/mesh.ts';
import { isOurs } from '../plan/options.ts';

/** A caller outside of the cluster, at an address that is nobody's (RFC 5737). */
export const OUTSIDE = 'ip:192.0.2.1';

/** A port of unknown protocol is asked as most callers ask: with HTTP. */
const PROBES: Readonly<Record<DeclaredProtocol, FlowProbe>> = { http: 'http', grpc: 'grpc', tcp: 'tcp', auto: 'http' };

export function flowTo(id: string, source: string, service: Service, port: ServicePort): Flow {
  return { id, source, target: service.key, port: port.port, probe: PROBES[port.protocol] };
}

/** Caller by caller, then gateways, then health checks. Without ids. */
export function* questionsOf(mesh: Mesh): Generator<Flow, void, undefined> {
  for (const source of mesh.workloads.flatMap(callersOf)) yield* callsOf(mesh, source);
  yield* hopsAndChecks(mesh);
}

function* callsOf(mesh: Mesh, source: string): Generator<Flow, void, undefined> {
  for (const service of mesh.services) {
    if (isOurs(service)) continue;
    for (const port of service.ports) yield flowTo('', source, service, port);
  }
}

/** What `expect` does not ask by itself: second data planes of a workload, ways through gateways, health checks. */
export function* besideCalls(mesh: Mesh): Generator<Flow, void, undefined> {
  for (const { key, pods } of mesh.workloads) {
    const [first] = pods;
    const others = callersOf({ key, pods }).filter((source) => source !== key && source !== first?.key);
    for (const source of others) yield* callsOf(mesh, source);
  }
  yield* hopsAndChecks(mesh);
}

function* hopsAndChecks(mesh: Mesh): Generator<Flow, void, undefined> {
  for (const { gateway, host, backend } of mesh.gatewayRoutes) {
    const service = mesh.servicesByKey.get(backend.service);
    const port = service?.ports.find((candidate) => candidate.port === backend.port);
    if (service === undefined || port === undefined) continue;
    const probe = port.protocol === 'grpc' ? 'grpc' : 'http';
    yield { id: '', source: OUTSIDE, target: service.key, port: port.port, probe, via: gateway, request: { host } };
  }
  for (const pod of mesh.pods.filter(isAsked)) {
    for (const check of pod.healthChecks) {
      if (check.kind === 'exec' || check.kubelet.port === 0) continue;
      const health = `${check.container}/${check.check}`;
      yield { id: '', source: 'kubelet', target: `pod:${pod.key}`, port: check.kubelet.port, probe: 'health', health };
    }
  }
}

/** One name a data plane: the workload's own where all of its pods are alike, otherwise the first pod's of each plane. */
export function callersOf(workload: Pick<Workload, 'key' | 'pods'>): readonly string[] {
  const pods = workload.pods.filter(isAsked);
  const planes = Map.groupBy(pods, ({ dataPlane }) => dataPlane);
  if (planes.size === 1 && pods.length === workload.pods.length) return [workload.key];
  return [...planes.values()].flatMap(([first]) => first?.key ?? []);
}

/** Gateways and waypoints are hops; our own pods are nobody's business. */
export function isAsked(pod: Pod): boolean {
  return pod.dataPlane !== 'gateway' && pod.dataPlane !== 'waypoint' && !isOurs(pod);
}
