/** The shapes of published documents, as the API refers to them by name. */
import expectationList from '../../../deploy/schema/expectation-list.schema.json' with { type: 'json' };
import sweep from '../../../deploy/schema/sweep.schema.json' with { type: 'json' };

export type Schema = Readonly<Record<string, unknown>>;
export type NamedSchema = Schema & { readonly $id: string };

/** `{ $ref: 'cell#' }`. */
export function ref(name: string): Schema {
  return { $ref: `${name}#` };
}

/** `sweep`, `cell`, `outcome`, … of the sweep's schema, and `expectationItem`. */
export const PUBLISHED: readonly NamedSchema[] = [
  ...Object.entries(sweep.$defs).map(([name, schema]) => named(name, schema)),
  named('expectationItem', expectationList.$defs.item),
  named('sweep', withoutHead(sweep)),
];

/** Of an object's schema: the same with more properties, all of them required. */
export function extended(name: keyof typeof sweep.$defs, $id: string, properties: Schema): NamedSchema {
  const base = sweep.$defs[name];
  if (!('properties' in base) || !('required' in base)) throw new TypeError(`${name} is not the schema of an object`);
  return named($id, {
    ...base,
    required: [...base.required, ...Object.keys(properties)],
    properties: { ...base.properties, ...properties },
  });
}

/** Its definitions stand beside it here. */
function withoutHead(schema: typeof sweep): object {
  const inside = Object.entries(schema).filter(([keyword]) => !keyword.startsWith('$'));
  return Object.fromEntries(inside);
}

/** With each `#/$defs/x` as `x#`. */
function named($id: string, schema: object): NamedSchema {
  const text = JSON.stringify(schema).replaceAll(/"#\/\$defs\/(\w+)"/g, '"$1#"');
  return { $id, ...(JSON.parse(text) as object) };
}
