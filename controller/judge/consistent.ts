/** Which refusals on the wire fit which declared outcome: the closed table behind `misplaced`. */
import type { Layer, Outcome, Signature } from '../../proto/outcome.ts';
import type { Route } from '../../proto/vocabulary.ts';
import type { OutcomeCode } from '../declared/expectation.ts';

/** `direct`: the caller's own socket meets the server's side. `proxied`: a sidecar, ztunnel or gateway speaks for the caller. */
export type Perspective = 'direct' | 'proxied';

/** Who speaks at the near end of the route. */
export function perspectiveOf({ vantage, target }: Pick<Route, 'vantage' | 'target'>): Perspective {
  const isProxied = vantage.dataPlane === 'sidecar' || vantage.dataPlane === 'ambient';
  return isProxied || (target.kind === 'service' && target.via !== undefined) ? 'proxied' : 'direct';
}

/** A class of refusals. Where `layers` or `statuses` is absent, any. */
export type Refusal =
  | { readonly kind: 'refused'; readonly signatures: readonly Signature[]; readonly layers?: readonly Layer[] }
  | { readonly kind: 'silent'; readonly layers?: readonly Layer[] }
  /** An answer that cannot be told from the application's own. */
  | { readonly kind: 'reached'; readonly statuses: readonly number[] };

const refused = (signatures: readonly Signature[], ...layers: readonly Layer[]): Refusal => ({
  kind: 'refused',
  signatures,
  ...(layers.length > 0 && { layers }),
});
const silent = (...layers: readonly Layer[]): Refusal => ({ kind: 'silent', ...(layers.length > 0 && { layers }) });

/** The bytes went out and the connection ended: a reset and a clean end are the same claim. */
const CUT: Refusal = refused(['reset', 'closed'], 'application');
const CUT_IN_HANDSHAKE: Refusal = refused(['reset', 'closed'], 'tls');
/** A proxy that speaks HTTP says 503; one that speaks TCP ends the connection that it had accepted. */
const UPSTREAM_CUT: readonly Refusal[] = [refused(['upstream-reset']), CUT];
/** What a TLS client sees of a server that does not speak TLS; what comes first depends on the application behind it. */
const NOT_TLS: readonly Refusal[] = [
  refused(['speaks-plaintext', 'not-the-protocol', 'bad-request', 'tls-alert']),
  CUT_IN_HANDSHAKE,
  silent('tls'),
];
const UNREACHABLE = refused(['connection-refused', 'unreachable', 'reset'], 'tcp');
const RBAC = [refused(['rbac-denied'])];
const JWT = [refused(['jwt-refused'])];
/** An external provider answers with a status of its own choosing (Istio's default: 403). */
const EXTERNAL = [refused(['rbac-denied', 'jwt-refused']), { kind: 'reached', statuses: [401, 403] }] as const;
const NO_ROUTE = [refused(['no-route'])];
const UNHEALTHY: readonly Refusal[] = [
  refused(['health-failed', 'upstream-refused', 'upstream-failed', 'bad-request', 'rbac-denied', 'not-the-protocol']),
  CUT,
  CUT_IN_HANDSHAKE,
  UNREACHABLE,
  silent(),
];
const UPSTREAM_DOWN = refused(['upstream-refused', 'upstream-failed', 'upstream-reset', 'no-healthy-upstream']);

/** A certificate is refused by an alert; where the reset that follows overtakes it, the connection is only cut. */
const CERTIFICATE_REFUSED: readonly Refusal[] = [refused(['certificate-refused']), CUT];

/**
 * Sources: envoy's behaviour as istio configures it (a refusal by filter chain is an RST, one by network RBAC a FIN,
 * both only after the first bytes; istio: pilot/pkg/networking/core/listener_inbound.go), and the local replies of
 * client proxies, which say `connection termination` for any upstream that hung up. Codes that allow are in here for
 * one case: TLS that is let through to an application that does not speak it.
 */
export const CONSISTENT: Readonly<Record<OutcomeCode, Readonly<Record<Perspective, readonly Refusal[]>>>> = {
  ALLOW_PLAINTEXT: { direct: [], proxied: [] },
  ALLOW_MTLS: { direct: [], proxied: [] },
  ALLOW_HBONE: { direct: [], proxied: [] },
  // A client's proxy that opens TLS to an application that speaks none fails in its place, and ends or answers by itself.
  ALLOW_OPAQUE_TLS: {
    direct: NOT_TLS,
    proxied: [refused(['upstream-plaintext', 'upstream-failed']), ...UPSTREAM_CUT, silent('application')],
  },
  ALLOW_UNCAPTURED: { direct: NOT_TLS, proxied: [] },
  DENY_STRICT: { direct: [CUT], proxied: UPSTREAM_CUT },
  DENY_NO_CHAIN_TLS: { direct: [CUT_IN_HANDSHAKE], proxied: UPSTREAM_CUT },
  DENY_TLS_NO_CERT: {
    direct: [refused(['certificate-required']), CUT],
    proxied: [refused(['upstream-certificate']), ...UPSTREAM_CUT],
  },
  DENY_TLS_BAD_CA: { direct: CERTIFICATE_REFUSED, proxied: [refused(['upstream-certificate']), ...UPSTREAM_CUT] },
  DENY_TLS_BAD_TD: { direct: CERTIFICATE_REFUSED, proxied: [refused(['upstream-certificate']), ...UPSTREAM_CUT] },
  DENY_TLS_EXPIRED: { direct: CERTIFICATE_REFUSED, proxied: [refused(['upstream-certificate']), ...UPSTREAM_CUT] },
  DENY_TLS_VERSION: {
    direct: [refused(['protocol-version', 'tls-alert'])],
    proxied: [refused(['upstream-failed']), ...UPSTREAM_CUT],
  },
  PROTO_MISMATCH: {
    direct: [...NOT_TLS, CUT],
    proxied: [refused(['bad-request', 'upstream-plaintext', 'not-the-protocol']), ...UPSTREAM_CUT],
  },
  DENY_AUTHZ_HTTP: { direct: RBAC, proxied: RBAC },
  // Where TLS is the application's own, its first bytes are all that the filter waits for.
  DENY_AUTHZ_TCP: { direct: [CUT, CUT_IN_HANDSHAKE], proxied: UPSTREAM_CUT },
  DENY_AUTHZ_HBONE: { direct: [CUT, ...RBAC], proxied: UPSTREAM_CUT },
  DENY_JWT: { direct: JWT, proxied: JWT },
  DENY_EXTAUTHZ: { direct: EXTERNAL, proxied: EXTERNAL },
  CLIENT_TLS_MISMATCH: {
    direct: [...NOT_TLS, CUT],
    proxied: [refused(['upstream-plaintext', 'upstream-certificate', 'upstream-failed']), ...UPSTREAM_CUT],
  },
  CLIENT_BLACKHOLE: { direct: [refused(['blackhole']), CUT], proxied: [refused(['blackhole']), CUT] },
  NO_ENDPOINTS: { direct: [UNREACHABLE, silent('tcp')], proxied: [refused(['no-healthy-upstream']), CUT] },
  NO_ROUTE: { direct: NO_ROUTE, proxied: NO_ROUTE },
  APP_DOWN: { direct: [UNREACHABLE, CUT, UPSTREAM_DOWN], proxied: [UPSTREAM_DOWN, CUT] },
  DENY_NETPOL: {
    direct: [silent('tcp'), UNREACHABLE],
    proxied: [silent(), refused(['upstream-timeout', 'upstream-failed', 'upstream-refused']), CUT],
  },
  HEALTH_FAILED: { direct: UNHEALTHY, proxied: UNHEALTHY },
  HANG: { direct: [silent('application', 'tls')], proxied: [silent('application', 'tls')] },
  UNKNOWN: { direct: [], proxied: [] },
};

/** Whether what was seen is what the declared outcome looks like from there. `untested` fits nothing. */
export function isConsistent(code: OutcomeCode, perspective: Perspective, outcome: Outcome): boolean {
  return CONSISTENT[code][perspective].some((refusal) => fits(refusal, outcome));
}

function fits(refusal: Refusal, outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'refused':
      return (
        refusal.kind === 'refused' && refusal.signatures.includes(outcome.signature) && isAt(refusal, outcome.layer)
      );
    case 'silent':
      return refusal.kind === 'silent' && isAt(refusal, outcome.layer);
    case 'reached':
      return refusal.kind === 'reached' && outcome.status !== undefined && refusal.statuses.includes(outcome.status);
    case 'untested':
      return false;
  }
}

function isAt(refusal: { readonly layers?: readonly Layer[] }, layer: Layer): boolean {
  return refusal.layers === undefined || refusal.layers.includes(layer);
}
