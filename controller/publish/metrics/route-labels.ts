/** What a route is called in labels: by workloads, never by pods, and never by what a probe asks for. */
import type { Mesh } from '../../declared/mesh.ts';
import type { Cell } from '../../judge/finding.ts';
import type { Target } from '../../../proto/vocabulary.ts';

export interface TargetLabels {
  readonly target_namespace: string;
  readonly target_workload: string;
}

export interface RouteLabels extends TargetLabels {
  readonly source_namespace: string;
  readonly source_workload: string;
  readonly port: string;
  readonly probe: string;
}

/** A name that Kubernetes would not give to anything. */
const UNKNOWN = '_unknown';

/** kubernetes: apimachinery/pkg/util/validation/validation.go:DNS1123SubdomainMaxLength */
const MAX_CHARACTERS = 253;

/** Works out each target once. */
export function labeller(mesh: Mesh | undefined): {
  readonly ofRoute: (cell: Pick<Cell, 'source' | 'vantage' | 'target' | 'probe'>) => RouteLabels;
  readonly ofServing: (target: Target) => TargetLabels;
} {
  const known = new Map<string, TargetLabels>();
  const ofTarget = (kind: Target['kind'], namespace: string, name: string, port: number): TargetLabels => {
    const key = `${kind} ${namespace}/${name}:${String(port)}`;
    const found = known.get(key) ?? {
      target_namespace: bounded(namespace),
      target_workload: bounded(kind === 'pod' ? ofPod(mesh, namespace, name) : ofService(mesh, namespace, name, port)),
    };
    known.set(key, found);
    return found;
  };
  return {
    ofRoute: ({ source, vantage, target, probe }) => ({
      source_namespace: bounded(vantage.namespace),
      source_workload: bounded(nameIn(source)),
      ...ofTarget(target.kind, target.namespace, target.name, target.port),
      port: String(target.port),
      probe: probe.kind,
    }),
    // What a caller sees of TLS behind a gateway is the gateway's.
    ofServing: (target) => {
      const { namespace, name, port } = target.kind === 'service' ? (target.via ?? target) : target;
      return ofTarget(target.kind, namespace, name, port);
    },
  };
}

function ofPod(mesh: Mesh | undefined, namespace: string, name: string): string {
  const workload = mesh?.podsByKey.get(`${namespace}/${name}`)?.workload;
  return workload === undefined ? UNKNOWN : nameIn(workload);
}

function ofService(mesh: Mesh | undefined, namespace: string, name: string, port: number): string {
  const ports = mesh?.servicesByKey.get(`${namespace}/${name}`)?.ports ?? [];
  const endpoints = ports.find((one) => one.port === port)?.endpoints ?? [];
  const workloads = new Set(
    endpoints.map(({ pod }) => (pod === null ? undefined : mesh?.podsByKey.get(pod)?.workload)),
  );
  const [only] = workloads;
  return workloads.size === 1 && only?.startsWith(`${namespace}/`) === true ? nameIn(only) : name;
}

/** Of `namespace/name`. */
function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** Cut to what Kubernetes' names are at most. */
export function bounded(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : text.slice(0, MAX_CHARACTERS);
}
