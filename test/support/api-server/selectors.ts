/** Selectors of list and watch requests: equal and not equal, joined by commas. */

/** Are the object's fields and labels what `fieldSelector` and `labelSelector` of the query ask for? */
export function matches(object: unknown, query: Readonly<Record<string, string>>): boolean {
  const { fieldSelector = '', labelSelector = '' } = query;
  const labels = at(object, 'metadata.labels') ?? {};
  return (
    isSelected(fieldSelector, (path) => at(object, path)) &&
    isSelected(labelSelector, (key) => (labels as Readonly<Record<string, unknown>>)[key])
  );
}

function isSelected(selector: string, valueOf: (key: string) => unknown): boolean {
  return selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const isUnequal = term.includes('!=');
      const [key = '', value = ''] = term.split(isUnequal ? '!=' : '=');
      return (valueOf(key) === value) !== isUnequal;
    });
}

function at(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((here, key) => (here as Readonly<Record<string, unknown>> | undefined)?.[key], object);
}
