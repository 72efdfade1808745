/** The flows that the manifests themselves suggest: every source workload against every service port. */
import type { Flow, FlowProbe } from '../declared/expectation.ts';
import type { DeclaredProtocol, Mesh, Service, ServicePort } from '../declared/mesh.ts';

/** A port of unknown protocol is asked as most callers ask: with HTTP. */
const PROBES: Readonly<Record<DeclaredProtocol, FlowProbe>> = { http: 'http', grpc: 'grpc', tcp: 'tcp', auto: 'http' };

/** Source by source, in the order of the mesh; ids count from 1. Services can be narrowed to some namespaces. */
export function* declaredFlows(mesh: Mesh, namespaces: readonly string[] = []): Generator<Flow, void, undefined> {
  let id = 0;
  for (const workload of mesh.workloads) {
    for (const service of mesh.services) {
      if (namespaces.length > 0 && !namespaces.includes(service.namespace)) continue;
      for (const port of service.ports) {
        id += 1;
        yield flowTo(String(id), workload.key, service, port);
      }
    }
  }
}

export function flowTo(id: string, source: string, service: Service, port: ServicePort): Flow {
  return { id, source, target: service.key, port: port.port, probe: PROBES[port.protocol] };
}
