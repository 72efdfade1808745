/** Where what is seen says nothing about policy: targets that come or go, and policy that is still on its way. */
import type { Expectation } from '../declared/expectation.ts';
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { K8sObject } from '../declared/objects.ts';
import { fields, integer, isFields, list } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import { isSubset } from '../declared/selector.ts';
import type { Target } from '../../proto/vocabulary.ts';
import type { Cell } from '../judge/finding.ts';
import { inForceAtMs, isDrifting } from '../judge/settling.ts';
import type { Suppression } from './current.ts';
import type { StandingRoute, Times } from './standing-route.ts';

/** `namespace/name` of the workloads whose pods are being replaced. */
export function rolloutsIn(objects: readonly K8sObject[]): ReadonlySet<string> {
  return new Set(objects.filter(isRollingOut).map(({ metadata: { namespace, name } }) => `${namespace}/${name}`));
}

/** Null: what is seen of the route counts. `settleMs`: how long a change may take to reach every proxy. */
export function suppressionNow(
  { mesh, rollouts }: { readonly mesh: Mesh; readonly rollouts: ReadonlySet<string> },
  { answerSinceMs }: Pick<StandingRoute, 'answerSinceMs'>,
  { target, expectation }: Pick<Cell, 'target' | 'expectation'>,
  settleMs: number,
  { monotonicMs, wallMs }: Times,
): Suppression | null {
  const unsettled = suppressionOf(mesh, target, rollouts);
  if (unsettled !== undefined) return unsettled;
  const isYoung = monotonicMs - answerSinceMs < settleMs || inForceAtMs(mesh, expectation, settleMs) > wallMs;
  return settleMs > 0 && isYoung ? 'fresh-policy' : null;
}

/**
 * An answer that came is a fact, in whatever state its pods are; that none came of them says nothing. Nor does an answer
 * where nothing but the want of endpoints was to keep it back.
 */
export function isSuppressed(
  cell: Pick<Cell, 'drift'> & { readonly expectation: Pick<Expectation, 'outcome'> },
  suppression: Suppression | null,
): boolean {
  if (suppression === null || !isDrifting(cell)) return false;
  if (suppression === 'fresh-policy' || cell.expectation.outcome === 'NO_ENDPOINTS') return true;
  return cell.drift === 'blocked' || cell.drift === 'misplaced';
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

/**
 * While no endpoint is ready, a Service's address leads to pods that end (kubernetes:
 * pkg/proxy/topology.go:CategorizeEndpoints), so that those count that come or go.
 */
function podsBehind(mesh: Mesh, target: Target): readonly Pod[] {
  if (target.kind === 'pod') return podsOf(mesh, [`${target.namespace}/${target.name}`]);
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  if (service === undefined || port === undefined) return [];
  const { namespace, selector } = service;
  if (port.endpoints.length > 0 || selector === undefined) {
    return podsOf(
      mesh,
      port.endpoints.flatMap(({ pod }) => pod ?? []),
    );
  }
  return mesh.pods.filter((pod) => pod.namespace === namespace && isSubset(selector, pod.labels));
}

function podsOf(mesh: Mesh, keys: readonly string[]): readonly Pod[] {
  return keys.flatMap((key) => mesh.podsByKey.get(key) ?? []);
}

/**
 * As `kubectl rollout status` tells (kubernetes: kubectl/pkg/polymorphichelpers/rollout_status.go), but that pods which
 * fail when all of them have been replaced are no rollout: it would never end. Nor is what nobody carries on with.
 */
function isRollingOut({ kind, metadata, ['spec']: given, ['status']: status }: K8sObject): boolean {
  if (status === undefined) return false;
  const spec = fields(given);
  const count = (name: string): number => integer(fields(status)[name]) ?? 0;
  const isUnobserved = (integer(fields(metadata)['generation']) ?? 0) > count('observedGeneration');
  switch (kind) {
    case 'Deployment': {
      if (spec['paused'] === true) return false;
      if (isUnobserved) return true;
      const progress = progressOf(fields(status));
      if (progress === 'ProgressDeadlineExceeded') return false;
      const wanted = integer(spec['replicas']) ?? 1;
      const updated = count('updatedReplicas');
      const isComplete = progress === 'NewReplicaSetAvailable' || count('availableReplicas') >= updated;
      return updated < wanted || count('replicas') > updated || !isComplete;
    }
    case 'StatefulSet': {
      const { type, rollingUpdate } = fields(spec['updateStrategy']);
      if (type === 'OnDelete') return false;
      if (isUnobserved) return true;
      const heldBack = integer(fields(rollingUpdate)['partition']) ?? 0;
      if (heldBack > 0) return count('updatedReplicas') < (integer(spec['replicas']) ?? 1) - heldBack;
      return fields(status)['updateRevision'] !== fields(status)['currentRevision'];
    }
    case 'DaemonSet':
      if (fields(spec['updateStrategy'])['type'] === 'OnDelete') return false;
      return isUnobserved || count('updatedNumberScheduled') < count('desiredNumberScheduled');
    default:
      return false;
  }
}

/** kubernetes: pkg/controller/deployment/util/deployment_util.go: TimedOutReason, NewRSAvailableReason */
function progressOf(status: Fields): unknown {
  const conditions = list(status['conditions']).filter(isFields);
  return conditions.find(({ type }) => type === 'Progressing')?.['reason'];
}
