/** Objects of the API, held to the fields that their kinds have. */
import { readFileSync } from 'node:fs';
import * as models from '@kubernetes/client-node';

/** Names of fields inside; a list of the values that may stand there; or what else is said of a value. */
type Tree = string | readonly string[] | { readonly [field: string]: Tree };

const CUSTOM = JSON.parse(
  readFileSync(new URL('../fixtures/custom-resource-fields.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, { readonly apiVersion: string; readonly spec: Tree }>>;

interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec?: unknown;
}

/** Paths of what the kind does not have, or does not allow; of a kind that is not known here, the kind. */
export function unknownFields(object: ApiObject): readonly string[] {
  const { apiVersion, kind, spec } = object;
  const custom = CUSTOM[kind];
  if (custom === undefined) return inModel(object, `V1${kind}`, kind);
  return [...(apiVersion === custom.apiVersion ? [] : [`${kind}: ${apiVersion}`]), ...inTree(spec, custom.spec, kind)];
}

function inTree(value: unknown, tree: Tree, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => inTree(one, tree, path));
  if (typeof tree === 'string') return [];
  if (isList(tree)) return typeof value === 'string' && tree.includes(value) ? [] : [`${path}: ${String(value)}`];
  return Object.entries(value ?? {}).flatMap(([name, inside]) => {
    const known = tree[name];
    return known === undefined ? [`${path}.${name}`] : inTree(inside, known, `${path}.${name}`);
  });
}

function isList(tree: Exclude<Tree, string>): tree is readonly string[] {
  return Array.isArray(tree);
}

interface Model {
  readonly getAttributeTypeMap: () => readonly { readonly baseName: string; readonly type: string }[];
}

const MODELS = new Map(
  Object.entries(models).flatMap(([name, model]: [string, unknown]) =>
    isModel(model) ? [[name, model] as const] : [],
  ),
);

function isModel(value: unknown): value is Model {
  return typeof value === 'function' && 'getAttributeTypeMap' in value;
}

/** The client of Kubernetes is made of its OpenAPI description; its models are named in it. */
function inModel(value: unknown, type: string, path: string): readonly string[] {
  const [, element] = /^Array<(.+)>$/.exec(type) ?? [];
  if (element !== undefined) return Array.isArray(value) ? value.flatMap((one) => inModel(one, element, path)) : [path];
  const model = MODELS.get(type);
  if (model === undefined) return type.startsWith('V1') ? [`${path}: ${type}`] : [];
  const attributes = new Map(model.getAttributeTypeMap().map(({ baseName, type: inside }) => [baseName, inside]));
  return Object.entries(value ?? {}).flatMap(([name, inside]) => {
    const known = attributes.get(name);
    return known === undefined ? [`${path}.${name}`] : inModel(inside, known, `${path}.${name}`);
  });
}
