/** Pods by the name of their workload: what stays when they are replaced. */
import type { ObjectRef } from '../declared/expectation.ts';
import type { Cell } from '../judge/finding.ts';

/** `namespace/pod` to `namespace/workload`, as far as a sweep says. */
export type WorkloadNames = ReadonlyMap<string, string>;

export function workloadNames(cells: readonly Cell[]): WorkloadNames {
  return new Map(
    cells.flatMap(({ target: { kind, namespace, name }, workload }) =>
      kind === 'pod' && workload !== undefined ? [[`${namespace}/${name}`, workload] as const] : [],
    ),
  );
}

/** Each once, pods as the workload that they are of. */
export function alike(objects: readonly ObjectRef[], names: WorkloadNames): readonly ObjectRef[] {
  const renamed = objects.map((object) => (object.kind === 'Pod' ? workloadOf(object, names) : object));
  return [...new Map(renamed.map((object) => [JSON.stringify(object), object])).values()];
}

/**
 * What Deployments and ReplicaSets put behind the name of their owner: a hash of the template, and five letters
 * (kubernetes: pkg/controller/deployment/sync.go, apiserver/pkg/storage/names/generate.go).
 */
const GENERATED = /(?:-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

function workloadOf(pod: ObjectRef, names: WorkloadNames): ObjectRef {
  const known = names.get(`${pod.namespace}/${pod.name}`);
  const name = known?.slice(pod.namespace.length + 1) ?? pod.name.replace(GENERATED, '');
  return { ...pod, kind: 'Workload', name };
}
