/** The flows that the manifests themselves suggest: every source workload against every service port. */
import type { Flow } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { flowTo } from '../gate/questions.ts';

/** Source by source, in the order of the mesh; ids count from 1. Services can be narrowed to some namespaces. */
export function* declaredFlows(mesh: Mesh, namespaces: readonly string[] = []): Generator<Flow, void, undefined> {
  const calls = mesh.services
    .filter(({ namespace }) => namespaces.length === 0 || namespaces.includes(namespace))
    .flatMap((service) => service.ports.map((port) => flowTo('', '', service, port)));
  let id = 0;
  for (const { key: source } of mesh.workloads) {
    for (const call of calls) {
      id += 1;
      yield { ...call, id: String(id), source };
    }
  }
}
