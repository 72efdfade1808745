/** Where the mesh's control plane runs, which is where its configuration is. */
import { compareText } from '../../declared/order.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { CollectionDeps } from './collection.ts';
import { persistentGet } from './persistent.ts';

/** Istio's own default; istio: pkg/config/constants/constants.go:IstioSystemNamespace */
const USUAL = 'istio-system';

/**
 * Namespaces with a Service of istiod, of whatever revision (istio: manifests/charts/istio-control/istio-discovery,
 * label `istio: pilot`). Where that may not be asked, or nobody runs one, it is taken to be where Istio puts it.
 */
export async function controlPlaneNamespaces(deps: CollectionDeps, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await persistentGet(deps, '/api/v1/services', { labelSelector: 'istio=pilot' }, signal);
  if (answer.kind !== 'answer') return [USUAL];
  const found = list(fields(answer.body)['items']).flatMap(
    (service) => text(fields(service, 'metadata')['namespace']) ?? [],
  );
  return found.length === 0 ? [USUAL] : [...new Set(found)].sort(compareText);
}
