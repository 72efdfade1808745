/** `requestPrincipals` and `request.auth.principal`: who a JWT says that it is from and about. */
import type { AuthorizationRequest, Predicate } from './authorization-request.ts';

type ClaimMatcher = (claim: string) => boolean;

const anything: ClaimMatcher = (claim) => claim !== '';

/**
 * A value is split at its last slash, into issuer and subject, before its asterisk is looked at: `https://a.example*` has the
 * issuer `https:/`, and `https://a.example/*` is not for the issuer `https://a.example/b`. A token without subject matches
 * nothing. istio: pilot/pkg/security/authz/model/generator.go:requestPrincipalGenerator; measured on Envoy 1.36.4.
 */
export function requestPrincipalTest(value: string): Predicate {
  const [issuer, subject] = matchersOf(value);
  return (request) => isMatch(issuer, claimOf(request, 'iss')) && isMatch(subject, claimOf(request, 'sub'));
}

function matchersOf(value: string): readonly [ClaimMatcher, ClaimMatcher] {
  const slash = value.lastIndexOf('/');
  const issuer = slash < 0 ? value : value.slice(0, slash);
  const subject = slash < 0 ? '' : value.slice(slash + 1);
  if (value === '*') return [anything, anything];
  if (value.startsWith('*')) {
    if (slash < 0) return [anything, endsWith(value.slice(1))];
    return [issuer === '*' ? anything : endsWith(issuer.slice(1)), exactly(subject)];
  }
  if (value.endsWith('*')) {
    if (slash < 0) return [startsWith(value.slice(0, -1)), anything];
    return [exactly(issuer), subject === '*' ? anything : startsWith(subject.slice(0, -1))];
  }
  return [exactly(issuer), exactly(subject)];
}

function claimOf({ http }: AuthorizationRequest, name: 'iss' | 'sub'): unknown {
  return http?.claims[name];
}

function isMatch(matches: ClaimMatcher, claim: unknown): boolean {
  return typeof claim === 'string' && matches(claim);
}

const exactly =
  (wanted: string): ClaimMatcher =>
  (claim) =>
    claim === wanted;

const startsWith =
  (prefix: string): ClaimMatcher =>
  (claim) =>
    claim.startsWith(prefix);

const endsWith =
  (suffix: string): ClaimMatcher =>
  (claim) =>
    claim.endsWith(suffix);
