/** `when` conditions of AuthorizationPolicy rules, by key. */
import type { Predicate } from './authorization-request.ts';
import { identityTest, pair, portTest, rangeTest, textTest } from './authorization-fields.ts';
import type { Condition, ValueTest } from './authorization-fields.ts';
import type { RuleContext } from './authorization-rules.ts';
import { isFields, text } from './reading.ts';
import type { Fields } from './reading.ts';
import { requestPrincipalTest } from './request-principals.ts';
import {
  headerMatcher,
  namespaceMatcher,
  principalMatcher,
  serviceAccountMatcher,
  textMatcher,
  trustDomainMatcher,
} from './string-match.ts';
import type { TextMatcher } from './string-match.ts';
import { expandTrustDomains, expandTrustDomainValues } from './trust-domains.ts';

/** Null: the key does not exist. istio: pilot/pkg/security/authz/model/model.go:New and generator.go */
export function conditionOf(when: Fields, context: RuleContext): readonly Condition[] | null {
  const key = text(when['key']) ?? '';
  const { config, namespace } = context;
  const identity = (make: (value: string) => TextMatcher, expand?: (values: readonly string[]) => readonly string[]) =>
    pair(when, 'values', 'notValues', { isIdentity: true }, (value) => identityTest(make(value)), expand);
  const plain = (make: ValueTest): readonly Condition[] => pair(when, 'values', 'notValues', {}, make);
  const ofCaller = (make: ValueTest): readonly Condition[] =>
    pair(when, 'values', 'notValues', { isOfCaller: true }, make);
  const http = (make: ValueTest): readonly Condition[] => pair(when, 'values', 'notValues', { isHttpOnly: true }, make);
  switch (key) {
    case 'source.principal':
      return identity(principalMatcher, (values) => expandTrustDomains(values, config));
    case 'source.namespace':
      return identity(namespaceMatcher);
    case 'source.serviceAccount':
      return identity((value) => serviceAccountMatcher(value, namespace));
    case 'source.trustDomain':
      return identity(trustDomainMatcher, (values) => expandTrustDomainValues(values, config));
    case 'source.ip':
      return ofCaller((value) => rangeTest(value, (request) => request.sourceAddress));
    case 'remote.ip':
      return ofCaller((value) => rangeTest(value, (request) => request.remoteAddress));
    case 'destination.ip':
      return plain((value) => rangeTest(value, (request) => request.destinationAddress));
    case 'destination.port':
      return plain(portTest);
    case 'connection.sni':
      return plain((value) => textTest(textMatcher(value), (request) => request.serverName));
    case 'request.auth.principal':
      return http(requestPrincipalTest);
    case 'request.auth.audiences':
      return http((value) => claimTest(value, ['aud']));
    case 'request.auth.presenter':
      return http((value) => claimTest(value, ['azp']));
  }
  // What other filters leave in Envoy's metadata is not declared: taken to be nothing.
  if (key.startsWith('experimental.envoy.filters.')) return plain(() => (key.includes('[') ? () => false : null));
  if (key.startsWith('request.headers')) return http((value) => headerTest(value, bracketed(key, 'request.headers')));
  if (!key.startsWith('request.auth.claims')) return null;
  const path = bracketed(key, 'request.auth.claims');
  return http((value) => (path === null ? null : claimTest(value, path)));
}

function headerTest(value: string, name: readonly string[] | null): Predicate | null {
  if (name === null) return null;
  return textTest(headerMatcher(value), (request) => request.http?.headers[name.join('][').toLowerCase()]);
}

function claimTest(value: string, path: readonly string[]): Predicate {
  const matches = textMatcher(value);
  return (request) => listOf(nested(request.http?.claims, path)).some(matches);
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
