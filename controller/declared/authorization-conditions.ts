/** `when` conditions of AuthorizationPolicy rules, by key. */
import type { AuthorizationRequest, Predicate } from './authorization-request.ts';
import { identityTest, pair, rangeTest } from './authorization-fields.ts';
import type { Condition } from './authorization-fields.ts';
import type { RuleContext } from './authorization-rules.ts';
import { isFields, text } from './reading.ts';
import type { Fields } from './reading.ts';
import {
  namespaceMatcher,
  principalMatcher,
  serviceAccountMatcher,
  textMatcher,
  trustDomainMatcher,
} from './string-match.ts';
import { expandTrustDomains, expandTrustDomainValues } from './trust-domains.ts';

type Maker = (values: readonly string[]) => Predicate | null;

/** istio: pilot/pkg/security/authz/model/model.go:New and generator.go; unknown keys are errors. */
export function conditionOf(when: Fields, context: RuleContext): readonly Condition[] {
  const key = text(when['key']) ?? '';
  const { config, namespace } = context;
  const identity = (make: Maker): readonly Condition[] => pair(when, 'values', 'notValues', { isIdentity: true }, make);
  const plain = (make: Maker): readonly Condition[] => pair(when, 'values', 'notValues', {}, make);
  const http = (make: Maker): readonly Condition[] => pair(when, 'values', 'notValues', { isHttpOnly: true }, make);
  switch (key) {
    case 'source.principal':
      return identity((values) => identityTest(expandTrustDomains(values, config), principalMatcher));
    case 'source.namespace':
      return identity((values) => identityTest(values, namespaceMatcher));
    case 'source.serviceAccount':
      return identity((values) => identityTest(values, (value) => serviceAccountMatcher(value, namespace)));
    case 'source.trustDomain':
      return identity((values) => identityTest(expandTrustDomainValues(values, config), trustDomainMatcher));
    case 'source.ip':
      return plain((values) => rangeTest(values, (request) => request.sourceAddress));
    case 'remote.ip':
      return plain((values) => rangeTest(values, (request) => request.remoteAddress));
    case 'destination.ip':
      return plain((values) => rangeTest(values, (request) => request.destinationAddress));
    case 'destination.port':
      return plain((values) => {
        const ports = new Set(values.map(Number));
        return (request) => ports.has(request.port);
      });
    case 'connection.sni':
      return plain((values) => some(values, (request) => request.serverName));
    case 'request.auth.principal':
      return http((values) => some(values, (request) => request.http?.requestPrincipal ?? undefined));
    case 'request.auth.audiences':
      return http((values) => someOf(values, (request) => listOf(request.http?.claims['aud'])));
    case 'request.auth.presenter':
      return http((values) => someOf(values, (request) => listOf(request.http?.claims['azp'])));
  }
  const header = bracketed(key, 'request.headers');
  if (header !== null)
    return http((values) => some(values, (request) => request.http?.headers[header[0]?.toLowerCase() ?? '']));
  const claim = bracketed(key, 'request.auth.claims');
  if (claim !== null) return http((values) => someOf(values, (request) => listOf(nested(request.http?.claims, claim))));
  return [{ isHttpOnly: false, isIdentity: false, isInvalid: true, test: () => false }];
}

function some(values: readonly string[], valueOf: (request: AuthorizationRequest) => string | undefined): Predicate {
  const matchers = values.map(textMatcher);
  return (request) => {
    const value = valueOf(request);
    return value !== undefined && matchers.some((match) => match(value));
  };
}

function someOf(values: readonly string[], valuesOf: (request: AuthorizationRequest) => readonly string[]): Predicate {
  const matchers = values.map(textMatcher);
  return (request) => valuesOf(request).some((value) => matchers.some((match) => match(value)));
}

/** `request.headers[x]` → [x]; `request.auth.claims[a][b]` → [a, b]. */
function bracketed(key: string, prefix: string): readonly string[] | null {
  if (!key.startsWith(`${prefix}[`) || !key.endsWith(']')) return null;
  return key.slice(prefix.length + 1, -1).split('][');
}

function nested(claims: unknown, path: readonly string[]): unknown {
  let here = claims;
  for (const key of path) here = isFields(here) ? here[key] : undefined;
  return here;
}

/** Claims match as a text or as one of a list. */
function listOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) ? claim.filter((item): item is string => typeof item === 'string') : [];
}
