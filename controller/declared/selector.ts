/** Label selectors: Kubernetes' (matchLabels and matchExpressions) and Istio's (matchLabels only). */
import { fields, isFields, list, text, textMap, texts } from './reading.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels) => boolean;

const everything: LabelMatcher = () => true;

/** True iff every wanted label is there with its value; the empty set wants nothing. */
export function isSubset(wanted: Labels, labels: Labels): boolean {
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

/**
 * A Kubernetes LabelSelector; `{}` matches everything. A key that is absent satisfies NotIn (kubernetes:
 * staging/src/k8s.io/apimachinery/pkg/labels/selector.go). An operator that does not exist matches nothing.
 */
export function labelMatcher(selector: unknown): LabelMatcher {
  const wanted = textMap(fields(selector)['matchLabels']);
  const conditions = list(fields(selector)['matchExpressions']).map(expression);
  if (Object.keys(wanted).length === 0 && conditions.length === 0) return everything;
  return (labels) => isSubset(wanted, labels) && conditions.every((condition) => condition(labels));
}

function expression(value: unknown): LabelMatcher {
  const key = text(fields(value)['key']) ?? '';
  const values = new Set(texts(fields(value)['values']));
  const valueOf = (labels: Labels): string | undefined => labels[key];
  switch (fields(value)['operator']) {
    case 'In':
      return (labels) => values.has(valueOf(labels) ?? '') && valueOf(labels) !== undefined;
    case 'NotIn':
      return (labels) => valueOf(labels) === undefined || !values.has(valueOf(labels) ?? '');
    case 'Exists':
      return (labels) => valueOf(labels) !== undefined;
    case 'DoesNotExist':
      return (labels) => valueOf(labels) === undefined;
    default:
      return () => false;
  }
}

/** `workloadSelector` of DestinationRule and Sidecar: to Istio an empty one is a selector that fits everything, not none. */
export function ownWorkloadSelector(spec: unknown): Labels | null {
  if (!isFields(fields(spec)['workloadSelector'])) return null;
  return workloadSelector(spec, 'workloadSelector') ?? {};
}

/** Istio's WorkloadSelector: its labels, or null where it is absent or empty (it then selects every workload in reach). */
export function workloadSelector(spec: unknown, key: 'selector' | 'workloadSelector' = 'selector'): Labels | null {
  const selector = fields(spec, key);
  const wanted = textMap(selector['matchLabels'] ?? selector['labels']);
  return Object.keys(wanted).length === 0 ? null : wanted;
}
