/** What owners say of being probed, in annotations on their objects. */
import type { Mesh, Pod, Service } from '../declared/mesh.ts';

/** `"false"` on a Namespace, a Service, a pod (its template) or a pod's owner: any of them keeps us away. */
const PROBE = 'meshproof.io/probe';
/** The path that HTTP probes ask for; on a Service, a pod or a pod's owner. The Service's word counts first. */
const PATH = 'meshproof.io/path';

export interface Wishes {
  readonly allowsPod: (pod: Pod) => boolean;
  readonly allowsService: (service: Service) => boolean;
  /** What kept us away so far: `Namespace shop`, `Service shop/pay`, `Workload shop/pay`. Sorted, each once. */
  readonly refusals: () => readonly string[];
}

export function wishesOf(mesh: Mesh): Wishes {
  const found = new Set<string>();
  const refuses = (name: string, annotations: Annotations): boolean => {
    const isRefusal = annotations[PROBE]?.trim().toLowerCase() === 'false';
    if (isRefusal) found.add(name);
    return isRefusal;
  };
  const closesNamespace = (namespace: string): boolean =>
    refuses(`Namespace ${namespace}`, annotationsOf(mesh, 'Namespace', '', namespace));
  return {
    allowsPod: (pod) =>
      !closesNamespace(pod.namespace) &&
      !annotationsOfWorkload(mesh, pod).some((annotations) => refuses(`Workload ${pod.workload}`, annotations)),
    allowsService: ({ key, namespace, name }) =>
      !closesNamespace(namespace) && !refuses(`Service ${key}`, annotationsOf(mesh, 'Service', namespace, name)),
    refusals: () => [...found].sort(),
  };
}

/** Undefined where nobody wishes a path, or what is wished is none. */
export function wishedPath(mesh: Mesh, service: Service | undefined, pods: readonly Pod[]): string | undefined {
  const ofService = service === undefined ? [] : [annotationsOf(mesh, 'Service', service.namespace, service.name)];
  const ofPods = pods.flatMap((pod) => annotationsOfWorkload(mesh, pod));
  return [...ofService, ...ofPods].map((annotations) => annotations[PATH]?.trim()).find(isPath);
}

/** Printable ASCII from a slash on, so that it is a path to every proxy, and nothing else gets into the request. */
export function isPath(text: string | undefined): text is string {
  return text !== undefined && text.length <= MAX_PATH && /^\/[!-~]*$/.test(text) && !text.includes('#');
}

const MAX_PATH = 1024;

type Annotations = Readonly<Record<string, string>>;

function annotationsOf(mesh: Mesh, kind: string, namespace: string, name: string): Annotations {
  return mesh.metadataOf(kind, namespace, name)?.annotations ?? {};
}

/** Kinds whose own annotations speak for all of their pods. */
const OWNERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob'];

function annotationsOfWorkload(mesh: Mesh, { namespace, workload, annotations }: Pod): readonly Annotations[] {
  const name = workload.slice(namespace.length + 1);
  return [annotations, ...OWNERS.map((kind) => annotationsOf(mesh, kind, namespace, name))];
}
