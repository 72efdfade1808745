/** Where what is seen says nothing about policy: targets that come or go, and policy that is still on its way. */
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { K8sObject } from '../declared/objects.ts';
import { fields, integer } from '../declared/reading.ts';
import type { Target } from '../../proto/vocabulary.ts';
import type { Suppression } from './current.ts';

/** `namespace/name` of the workloads whose pods are being replaced. */
export function rolloutsIn(objects: readonly K8sObject[]): ReadonlySet<string> {
  return new Set(objects.filter(isRollingOut).map(({ metadata: { namespace, name } }) => `${namespace}/${name}`));
}

/** Undefined: what is seen of the target counts. */
export function suppressionOf(
  mesh: Mesh,
  target: Target,
  rollouts: ReadonlySet<string>,
): Exclude<Suppression, 'fresh-policy'> | undefined {
  const pods = podsBehind(mesh, target);
  if (pods.some(({ isEnding }) => isEnding)) return 'terminating';
  if (pods.some(({ workload }) => rollouts.has(workload))) return 'rollout';
  if (pods.some(({ isLive, isReady }) => isLive && !isReady)) return 'not-ready';
  return undefined;
}

function podsBehind(mesh: Mesh, target: Target): readonly Pod[] {
  if (target.kind === 'pod') return podsOf(mesh, [`${target.namespace}/${target.name}`]);
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  return podsOf(
    mesh,
    (port?.endpoints ?? []).flatMap(({ pod }) => pod ?? []),
  );
}

function podsOf(mesh: Mesh, keys: readonly string[]): readonly Pod[] {
  return keys.flatMap((key) => mesh.podsByKey.get(key) ?? []);
}

/** As `kubectl rollout status` tells: kubernetes: staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go */
function isRollingOut({ kind, ['spec']: spec, ['status']: status }: K8sObject): boolean {
  const count = (name: string): number => integer(fields(status)[name]) ?? 0;
  if (status === undefined) return false;
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet': {
      const wanted = integer(fields(spec)['replicas']) ?? 1;
      const updated = count('updatedReplicas');
      return updated < wanted || count('replicas') > updated || count('availableReplicas') < updated;
    }
    case 'DaemonSet': {
      const wanted = count('desiredNumberScheduled');
      return count('updatedNumberScheduled') < wanted || count('numberAvailable') < wanted;
    }
    default:
      return false;
  }
}
