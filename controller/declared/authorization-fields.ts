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
  /** It asks for nothing but who calls and from where. */
  readonly isOfCaller: boolean;
  /** One of the values cannot be understood: an ALLOW rule is lost by it, other actions lose that value alone. */
  readonly isInvalid: boolean;
  /** Null: no value is left. */
  readonly test: Predicate | null;
}

interface Traits {
  readonly isHttpOnly?: boolean;
  readonly isIdentity?: boolean;
  /** Identities always are. */
  readonly isOfCaller?: boolean;
}

/** What one value asks for; null where it cannot be understood. */
export type ValueTest = (value: string) => Predicate | null;

/** A field and its negation; both are conditions of their own. istio: pilot/pkg/security/authz/model/model.go:checkError */
export function pair(
  owner: Fields,
  field: string,
  notField: string,
  traits: Traits,
  make: ValueTest,
  expand: (values: readonly string[]) => readonly string[] = (values) => values,
): readonly Condition[] {
  const conditions: Condition[] = [];
  const isIdentity = traits.isIdentity ?? false;
  const isOfCaller = isIdentity || (traits.isOfCaller ?? false);
  const common = { isHttpOnly: traits.isHttpOnly ?? false, isIdentity, isOfCaller };
  for (const [name, isNegative] of [
    [field, false],
    [notField, true],
  ] as const) {
    const tests = expand(texts(owner[name])).map(make);
    if (tests.length === 0) continue;
    const known = tests.filter((test) => test !== null);
    const isAny: Predicate = (request) => known.some((test) => test(request));
    const test = known.length === 0 ? null : isNegative ? (request: AuthorizationRequest) => !isAny(request) : isAny;
    conditions.push({ ...common, isInvalid: known.length < tests.length, test });
  }
  return conditions;
}

export function identityTest(matches: TextMatcher): Predicate {
  return ({ identity }) => identity !== null && matches(identity);
}

/** A value that the request may not have. */
export function textTest(
  matches: TextMatcher,
  valueOf: (request: AuthorizationRequest) => string | undefined,
): Predicate {
  return (request) => {
    const value = valueOf(request);
    return value !== undefined && matches(value);
  };
}

export function rangeTest(
  range: string,
  addressOf: (request: AuthorizationRequest) => string | null,
): Predicate | null {
  const matches = rangeMatcher(range);
  if (matches === null) return null;
  return (request) => {
    const address = addressOf(request);
    return address !== null && matches(address);
  };
}

/** Decimal digits and nothing else. istio: pilot/pkg/security/authz/model/util.go:convertToPort */
export function portTest(value: string): Predicate | null {
  const port = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return port <= 65535 ? (request) => request.port === port : null;
}
