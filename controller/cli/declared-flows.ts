/** The flows that the manifests themselves suggest: every source workload against every service port. */
import type { Flow } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { flowTo } from '../gate/questions.ts';

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
