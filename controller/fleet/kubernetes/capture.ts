/** Whose selectors would take a probe pod for one of their own. Pure. */
import type { K8sObject, Snapshot } from '../../declared/objects.ts';
import { fields, isFields, textMap } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { isSubset, labelMatcher } from '../../declared/selector.ts';
import type { Labels, LabelMatcher } from '../../declared/selector.ts';

/** Controllers of pods. Their selectors are Kubernetes' own; a Service's is a plain map. */
const OWNING_KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);
const PLAIN_KINDS: ReadonlySet<string> = new Set(['Service', 'ReplicationController']);

/**
 * `Service shop/all` and the like: objects that would count the pod among their own, or send traffic to it. A Service may
 * publish pods that are not ready, and a budget may let nothing go any more, so such a pod must not come into being.
 * Policies are no matter of this: those that select the pod are in force on it, and the engine is told so.
 */
export function captors({ objects }: Snapshot, namespace: string, labels: Labels): readonly string[] {
  return objects
    .filter((object) => object.metadata.namespace === namespace && selects(object)?.(labels) === true)
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
}

function selects({ kind, ['spec']: spec }: K8sObject): LabelMatcher | undefined {
  const selector = fields(spec)['selector'];
  const counts = OWNING_KINDS.has(kind) || (kind === 'PodDisruptionBudget' && asksForScale(fields(spec)));
  if (PLAIN_KINDS.has(kind)) {
    const wanted = textMap(selector);
    return Object.keys(wanted).length === 0 ? undefined : (labels) => isSubset(wanted, labels);
  }
  return counts && isFields(selector) ? labelMatcher(selector) : undefined;
}

/**
 * Such a budget asks the owner of each of its pods for its scale. The Job of a probe has none: the budget fails as a whole
 * and no pod of it may be evicted. One with a number of pods counts the ready ones, and a probe pod is never one.
 * kubernetes: pkg/controller/disruption/disruption.go:getExpectedPodCount, getScaleController
 */
function asksForScale({ minAvailable, maxUnavailable }: Fields): boolean {
  return maxUnavailable !== undefined || typeof minAvailable === 'string';
}
