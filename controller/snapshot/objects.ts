/** Kubernetes objects out of parsed documents: lists unfolded, metadata made uniform, places kept. */
import { fields, isFields, list, text, textMap } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { K8sObject, ObjectMetadata, Position } from '../declared/objects.ts';
import { parse } from 'yaml';
import type { ParsedDocument } from './documents.ts';
import { lineAndColumn, unreadable } from './source.ts';
import type { Source } from './source.ts';

type Path = readonly (string | number)[];

const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'GatewayClass',
  'ClusterTrustBundle',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'GlobalNetworkPolicy',
  'PersistentVolume',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'StorageClass',
  'PriorityClass',
  'IngressClass',
  'APIService',
]);

/** Where fields of an object stand in its file; kept beside the objects, which stay plain. */
const places = new WeakMap<K8sObject, (path: Path) => Position>();

/**
 * Position of a field, or of the nearest one above it that is there. `path` as in findings: `spec.rules[0].from`.
 * Undefined for objects that came from no file.
 */
export function positionOf(object: K8sObject, path = ''): Position | undefined {
  return places.get(object)?.(segments(path));
}

function segments(path: string): Path {
  return [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key ?? '') : /^\d+$/.test(index) ? Number(index) : index,
  );
}

/** Throws MPE_UNREADABLE_INPUT with the place where something is no object. */
export function objectsOf(source: Source, document: ParsedDocument): readonly K8sObject[] {
  return unfold(source, document, document.value, [], {});
}

function unfold(
  source: Source,
  document: ParsedDocument,
  value: unknown,
  path: Path,
  inherited: { readonly kind?: string; readonly apiVersion?: string },
): readonly K8sObject[] {
  const fail = (at: Path, expected: string): never => {
    throw unreadable(source, document.offsetOf(at), expected);
  };
  if (Array.isArray(value))
    return value.flatMap((item, index) => unfold(source, document, item, [...path, index], inherited));
  if (!isFields(value)) return fail(path, `expected a Kubernetes object, found ${describe(value)}`);
  const kind = text(value['kind']) ?? inherited.kind;
  const apiVersion = text(value['apiVersion']) ?? inherited.apiVersion;
  if (kind === undefined) return fail(path, "expected a Kubernetes object, which has a 'kind'");
  if (apiVersion === undefined) return fail(path, `expected 'apiVersion' of this ${kind}`);
  // Instructions for a tool that stand among the manifests; no API server ever sees them.
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) return [];
  if (kind.endsWith('List') && Array.isArray(value['items'])) {
    const item = kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), apiVersion };
    return list(value['items']).flatMap((entry, index) =>
      unfold(source, document, entry, [...path, 'items', index], item),
    );
  }
  const metadata = isFields(value['metadata']) ? value['metadata'] : {};
  const name = nameIn(metadata);
  if (name === undefined) return fail([...path, 'metadata'], `expected 'metadata.name' of this ${kind}`);
  const locate = (at: Path): Position => ({
    file: source.file,
    ...lineAndColumn(source, document.offsetOf([...path, ...at])),
  });
  const object: K8sObject = {
    ...uniform(value, kind, apiVersion, name),
    get position() {
      return locate([]);
    },
  };
  places.set(object, locate);
  return [object];
}

/** In one shape, wherever it comes from: metadata with everything in it that readers rely on, Istio's texts decoded. */
export function uniform(value: Fields, kind: string, apiVersion: string, name: string): K8sObject {
  const metadata = metadataOf(kind, name, fields(value['metadata']));
  return { ...value, kind, apiVersion, metadata, ...decoded(kind, value) };
}

/** Names that YAML takes for numbers are texts all the same; of a generated name its beginning is known. */
function nameIn({ name, generateName }: Fields): string | undefined {
  if (typeof name === 'number') return String(name);
  return text(name) ?? text(generateName)?.replace(/-+$/, '');
}

function describe(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'nothing' : `the ${typeof value} ${JSON.stringify(value)}`;
}

function metadataOf(kind: string, name: string, metadata: Fields): ObjectMetadata {
  const namespace = CLUSTER_SCOPED.has(kind) ? '' : (text(metadata['namespace']) ?? 'default');
  const created = metadata['creationTimestamp'];
  return {
    ...metadata,
    name,
    namespace,
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    ...(typeof created === 'string' ? { creationTimestamp: created } : {}),
    ownerReferences: list(metadata['ownerReferences'])
      .filter(isFields)
      .map((owner) => ({
        kind: text(owner['kind']) ?? '',
        name: text(owner['name']) ?? '',
        ...(owner['controller'] === true ? { controller: true } : {}),
      })),
  };
}

/** Istio keeps its configuration as YAML inside of ConfigMaps; the engine itself parses no texts. */
function decoded(kind: string, value: Fields): { readonly decoded?: Fields } {
  if (kind !== 'ConfigMap' || !isFields(value['data'])) return {};
  const found: Record<string, unknown> = {};
  for (const key of ['mesh', 'values', 'config']) {
    const embedded = value['data'][key];
    if (typeof embedded !== 'string') continue;
    try {
      found[key] = parse(embedded, { logLevel: 'error' });
    } catch {
      // A template or somebody else's text under the same key: there is nothing of Istio's in it.
      continue;
    }
  }
  return Object.keys(found).length === 0 ? {} : { decoded: found };
}
