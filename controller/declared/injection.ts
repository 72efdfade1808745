/** Would a pod be given a sidecar? Predicted from labels, for pods that have not been through the webhook. */
import type { MeshConfig } from './mesh-config.ts';
import { parseBool } from './reading.ts';
import { labelMatcher } from './selector.ts';
import type { Labels } from './selector.ts';

const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]);
const INJECT = 'sidecar.istio.io/inject';
const REVISION = 'istio.io/rev';

export interface InjectionCandidate {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly isHostNetwork: boolean;
}

/** Both gates must let it in: the webhook's selectors, and the injector's own decision. */
export function isInjected(candidate: InjectionCandidate, config: MeshConfig): boolean {
  return reachesWebhook(candidate, config) && isInjectionRequired(candidate, config);
}

/**
 * Selectors of the webhooks, for the revision that runs the mesh. The namespace's `istio-injection` beats `istio.io/rev`,
 * and the namespace's labels beat the pod's.
 * istio: manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml
 */
function reachesWebhook({ namespace, namespaceLabels, labels }: InjectionCandidate, config: MeshConfig): boolean {
  const isRefused = labels[INJECT] === 'false';
  const injection = namespaceLabels['istio-injection'];
  const namespaceRevision = namespaceLabels[REVISION];
  if (injection !== undefined) return injection === 'enabled' && !isRefused;
  if (namespaceRevision !== undefined) return namespaceRevision !== '' && !isRefused;
  if (labels[REVISION] !== undefined) return labels[REVISION] !== '' && !isRefused;
  if (labels[INJECT] === 'true') return true;
  return config.injection.isEnabledByDefault && labels[INJECT] === undefined && !SYSTEM_NAMESPACES.has(namespace);
}

/** istio: pkg/kube/inject/inject.go:injectRequired. The label wins over the annotation of the same name. */
function isInjectionRequired(candidate: InjectionCandidate, { injection }: MeshConfig): boolean {
  if (candidate.isHostNetwork || SYSTEM_NAMESPACES.has(candidate.namespace)) return false;
  const wish = candidate.labels[INJECT] ?? candidate.annotations[INJECT];
  if (wish !== undefined && wish !== '') {
    const isWanted = ['y', 'yes', 'true', 'on'].includes(wish.toLowerCase()) || parseBool(wish) === true;
    return isWanted;
  }
  if (injection.neverInject.some((selector) => labelMatcher(selector)(candidate.labels))) return false;
  if (injection.alwaysInject.some((selector) => labelMatcher(selector)(candidate.labels))) return true;
  return injection.isPolicyEnabled;
}

/** Ambient redirection: istio: cni/pkg/util/enablement_selector.go:Matches with the chart's default selectors. */
export function isEnrolledInAmbient({
  namespaceLabels,
  labels,
  annotations,
  isHostNetwork,
}: InjectionCandidate): boolean {
  if (isHostNetwork || annotations['sidecar.istio.io/status'] !== undefined) return false;
  const mode = labels['istio.io/dataplane-mode'];
  if (mode !== undefined && mode !== '') return mode === 'ambient';
  return namespaceLabels['istio.io/dataplane-mode'] === 'ambient';
}
