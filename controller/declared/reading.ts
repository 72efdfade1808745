/** Reads fields of objects whose shape nobody has checked: what is not of the asked type is absent. */

export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping at the end of a path of keys; empty where there is none. */
export function fields(value: unknown, ...path: readonly string[]): Fields {
  let here = value;
  for (const key of path) here = isFields(here) ? here[key] : undefined;
  return isFields(here) ? here : NO_FIELDS;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Whole numbers only. */
export function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** Texts of a list; numbers and truth values as their text, anything else is left out. */
export function texts(value: unknown): readonly string[] {
  return list(value).flatMap((item) =>
    typeof item === 'string' ? [item] : typeof item === 'number' || typeof item === 'boolean' ? [String(item)] : [],
  );
}

/** Text values of a mapping. */
export function textMap(value: unknown): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [key, item] of Object.entries(fields(value))) {
    if (typeof item === 'string') found[key] = item;
    else if (typeof item === 'number' || typeof item === 'boolean') found[key] = String(item);
  }
  return found;
}

/** Go's strconv.ParseBool; undefined where it would be an error. */
export function parseBool(value: string | undefined): boolean | undefined {
  switch (value) {
    case '1':
    case 't':
    case 'T':
    case 'true':
    case 'TRUE':
    case 'True':
      return true;
    case '0':
    case 'f':
    case 'F':
    case 'false':
    case 'FALSE':
    case 'False':
      return false;
    default:
      return undefined;
  }
}
