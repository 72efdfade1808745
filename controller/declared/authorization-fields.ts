/** Single fields of AuthorizationPolicy rules as predicates: values, their negation, and what kind of field it is. */
import type { AuthorizationRequest, Predicate } from './authorization-request.ts';
import { rangeMatcher } from './ip-ranges.ts';
import { texts } from './reading.ts';
import type { Fields } from './reading.ts';
import type { TextMatcher } from './string-match.ts';

/** One field with its values: `matches` or, for notX, its opposite. */
export interface Condition {
  readonly isHttpOnly: boolean;
  readonly isIdentity: boolean;
  /** The values cannot be understood: ALLOW loses the rule, other actions the condition. */
  readonly isInvalid?: boolean;
  readonly test: Predicate;
}

interface Traits {
  readonly isHttpOnly?: boolean;
  readonly isIdentity?: boolean;
}

/** A field and its negation; both are conditions of their own. */
export function pair(
  owner: Fields,
  field: string,
  notField: string,
  traits: Traits,
  make: (values: readonly string[]) => Predicate | null,
): readonly Condition[] {
  const conditions: Condition[] = [];
  const common = { isHttpOnly: traits.isHttpOnly ?? false, isIdentity: traits.isIdentity ?? false };
  for (const [name, isNegative] of [
    [field, false],
    [notField, true],
  ] as const) {
    const values = texts(owner[name]);
    if (values.length === 0) continue;
    const test = make(values);
    if (test === null) conditions.push({ ...common, isInvalid: true, test: () => false });
    else conditions.push({ ...common, test: isNegative ? (request) => !test(request) : test });
  }
  return conditions;
}

export function identityTest(values: readonly string[], make: (value: string) => TextMatcher): Predicate {
  const matchers = values.map(make);
  return ({ identity: id }) => id !== null && matchers.some((match) => match(id));
}

export function rangeTest(
  values: readonly string[],
  addressOf: (request: AuthorizationRequest) => string | null,
): Predicate | null {
  const matchers = values.map(rangeMatcher);
  if (matchers.includes(null)) return null;
  return (request) => {
    const address = addressOf(request);
    return address !== null && matchers.some((match) => match?.(address) === true);
  };
}
