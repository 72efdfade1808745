/**
 * Objects that can change what a proxy does and that the engine does not evaluate: a warning on every flow they touch.
 * istio: pilot/pkg/model/push_context.go:getMatchedEnvoyFilters
 */
import type { Pod } from './model.ts';
import type { K8sObject } from './objects.ts';
import { compareText } from './order.ts';
import { fields, isFields, list } from './reading.ts';
import { isSubset, labelMatcher, workloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';

/** Istio's own extension objects: in the root namespace for everybody, otherwise for their namespace. */
const EXTENSIONS: ReadonlySet<string> = new Set(['EnvoyFilter', 'WasmPlugin', 'TrafficExtension', 'ProxyConfig']);
/** Network policies of other kinds, which count beside NetworkPolicy or before it. */
const NETWORK: ReadonlySet<string> = new Set([
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'GlobalNetworkPolicy',
]);

export interface Unmodelled {
  /** `KIND/NAMESPACE/NAME`, as `--trust` takes it. */
  readonly name: string;
  readonly touches: (pod: Pod) => boolean;
}

/** Calico's own NetworkPolicy has another group under the same kind. */
export function readUnmodelled(objects: readonly K8sObject[], rootNamespace: string): readonly Unmodelled[] {
  return objects
    .filter(
      ({ kind, apiVersion }) =>
        EXTENSIONS.has(kind) ||
        NETWORK.has(kind) ||
        (kind === 'NetworkPolicy' && apiVersion.includes('projectcalico.org')),
    )
    .map((object) => ({ name: nameOf(object), touches: touchTest(object, rootNamespace) }))
    .sort((a, b) => compareText(a.name, b.name));
}

function nameOf({ kind, metadata }: K8sObject): string {
  return [kind, metadata.namespace, metadata.name].filter((part) => part !== '').join('/');
}

function touchTest({ kind, metadata, ...object }: K8sObject, rootNamespace: string): (pod: Pod) => boolean {
  const spec = fields(object['spec']);
  if (kind.startsWith('Cilium')) {
    const selects = labelMatcher(spec['endpointSelector']);
    return (pod) => (metadata.namespace === '' || pod.namespace === metadata.namespace) && selects(pod.labels);
  }
  if (NETWORK.has(kind)) return () => true;
  if (kind === 'NetworkPolicy') return (pod) => pod.namespace === metadata.namespace;
  const wanted: Labels | null = workloadSelector(spec, kind === 'EnvoyFilter' ? 'workloadSelector' : 'selector');
  const hasTargets = list(spec['targetRefs']).length > 0 || isFields(spec['targetRef']);
  return (pod) =>
    (metadata.namespace === rootNamespace || metadata.namespace === pod.namespace) &&
    (pod.dataPlane === 'sidecar' || pod.dataPlane === 'gateway' || pod.dataPlane === 'waypoint') &&
    (!hasTargets || pod.dataPlane !== 'sidecar') &&
    isSubset(wanted ?? {}, pod.labels);
}

/** One warning an object that touches an end of the flow. */
export function unmodelledWarnings(objects: readonly Unmodelled[], pods: readonly Pod[]): readonly string[] {
  return objects
    .filter(({ touches }) => pods.some(touches))
    .map(({ name }) => `${name} touches this flow and is not modelled`);
}
