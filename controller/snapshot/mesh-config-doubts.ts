/** What is odd about the ConfigMap that the mesh's own configuration is read from: everything that is declared rests on it. */
import { mainConfigMap } from '../declared/mesh-config.ts';
import type { K8sObject } from '../declared/objects.ts';
import { fields, isFields, text } from '../declared/reading.ts';

export interface Doubt {
  readonly object: K8sObject;
  /** As `positionOf` takes it. */
  readonly path: string;
  /** As the end of a sentence about the object. */
  readonly why: string;
}

const USUAL = 'istio-system';

/**
 * Istio goes on with its defaults where the text is no mapping, and takes the ConfigMap's namespace for the root namespace
 * where the text names none. istio: pkg/config/mesh/mesh.go:ApplyMeshConfig, pkg/config/mesh/kubemesh/watcher.go
 */
export function meshConfigDoubts(objects: readonly K8sObject[]): readonly Doubt[] {
  const object = mainConfigMap(objects.filter(({ kind }) => kind === 'ConfigMap'));
  if (object === undefined) return [];
  const mesh = fields(object, 'decoded')['mesh'];
  const written = fields(object, 'data')['mesh'];
  if (!isFields(mesh) && !isEmpty(mesh, written)) {
    const why =
      "has a `mesh` that is no mapping of YAML, so Istio's defaults are taken for the configuration of the mesh";
    return [{ object, path: 'data.mesh', why }];
  }
  const { namespace } = object.metadata;
  if (namespace === USUAL || text(fields(mesh)['rootNamespace']) !== undefined) return [];
  const why = `is taken for the configuration of the mesh, so that ${namespace} is its root namespace: policies there hold for all namespaces`;
  return [{ object, path: '', why }];
}

/** Nothing but comments and blanks: the defaults are what its author wants. */
function isEmpty(mesh: unknown, written: unknown): boolean {
  return mesh === null && typeof written === 'string';
}
