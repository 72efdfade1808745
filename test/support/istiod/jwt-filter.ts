/** RequestAuthentications as Envoy's JWT filter. */
import { extension } from '../../../deploy/sandbox/envoy/message.ts';
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { attached } from './objects.ts';
import type { MeshSettings, RequestAuthentication, Workload } from './objects.ts';

/**
 * A token may be missing; one that is there must be good for its issuer. With several rules: good for one of them.
 * istio: pilot/pkg/security/authn/policy_applier.go:convertToEnvoyJwtConfig
 */
export function jwtFilter(
  policies: readonly RequestAuthentication[],
  workload: Workload,
  mesh: MeshSettings,
): readonly Message[] {
  const rules = attached(policies, workload, mesh)
    .flatMap(({ spec }) => spec.jwtRules)
    .toSorted((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0));
  if (rules.length === 0) return [];
  const names = rules.map((_, index) => `origins-${String(index)}`);
  const providers = rules.map(({ issuer, audiences = [], spaceDelimitedClaims = [], jwks }) => ({
    issuer,
    audiences,
    local_jwks: { inline_string: jwks },
    payload_in_metadata: 'payload',
    normalize_payload_in_metadata: {
      space_delimited_claims: [...new Set(['permission', 'scope', ...spaceDelimitedClaims])],
    },
  }));
  const named = names.map((name) => ({ provider_name: name }));
  const orMissing = named.map((provider) => ({ requires_any: { requirements: [provider, { allow_missing: {} }] } }));
  const requires =
    orMissing.length === 1
      ? orMissing[0]
      : { requires_any: { requirements: [...named, { requires_all: { requirements: orMissing } }] } };
  return [
    extension('envoy.filters.http.jwt_authn', 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: Object.fromEntries(names.map((name, index) => [name, providers[index]])),
      rules: [{ match: { prefix: '/' }, requires }],
      bypass_cors_preflight: true,
    }),
  ];
}
