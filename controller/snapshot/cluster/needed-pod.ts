/** What the engine reads of a pod, or of a template for pods: the rest of a spec (volumes, images, resources) stays in the cluster. */
import { fields, isFields, list } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { annotationsThatCount, picked } from './needed-metadata.ts';

const PROXY = 'istio-proxy';
/** What the proxy's container says of itself: its health checks, and whether there is an Envoy at all. */
const PROXY_VARIABLES: ReadonlySet<unknown> = new Set(['ISTIO_KUBE_APP_PROBERS', 'DISABLE_ENVOY']);
const CONTAINER_FIELDS = ['name', 'ports', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function neededPodSpec(spec: Fields): Fields {
  return {
    ...picked(spec, ['serviceAccountName', 'serviceAccount', 'hostNetwork', 'nodeName']),
    containers: list(spec['containers']).filter(isFields).map(neededContainer),
    ...(Array.isArray(spec['initContainers'])
      ? { initContainers: list(spec['initContainers']).filter(isFields).map(neededContainer) }
      : {}),
  };
}

/** Addresses and phase; whether it and its proxy (a native sidecar is an init container) are ready, but not since when. */
export function neededPodStatus(status: Fields): Fields {
  return {
    ...picked(status, ['phase', 'podIP', 'podIPs']),
    conditions: listOf(status['conditions'], 'type', 'Ready', ['type', 'status']),
    containerStatuses: listOf(status['containerStatuses'], 'name', PROXY, ['name', 'ready']),
    initContainerStatuses: listOf(status['initContainerStatuses'], 'name', PROXY, ['name', 'ready']),
  };
}

/** Items whose key has the value, with these fields. */
function listOf(items: unknown, key: string, value: string, kept: readonly string[]): readonly Fields[] {
  return list(items)
    .map((item) => fields(item))
    .filter((item) => item[key] === value)
    .map((item) => picked(item, kept));
}

export function neededTemplate(template: Fields): Fields {
  const metadata = fields(template['metadata']);
  const annotations = annotationsThatCount(metadata['annotations']);
  return {
    metadata: { ...picked(metadata, ['labels']), annotations },
    ...(isFields(template['spec']) ? { spec: neededPodSpec(template['spec']) } : {}),
  };
}

function neededContainer(container: Fields): Fields {
  const kept = picked(container, CONTAINER_FIELDS);
  if (container['name'] !== PROXY) return kept;
  const env = list(container['env']).filter((variable) => PROXY_VARIABLES.has(fields(variable)['name']));
  return { ...kept, ...picked(container, ['args']), env };
}
