/** Measured outcomes and declared outcome codes in plain words. */
import type { Outcome, Signature, UntestedWhy } from '../../proto/outcome.ts';
import type { OutcomeCode } from '../declared/expectation.ts';

const TRANSPORTS = {
  mtls: 'answered over mutual TLS',
  hbone: 'answered through an HBONE tunnel',
  tls: 'answered over TLS',
  plaintext: 'answered in plaintext',
  unproved: 'answered; nothing proves over which transport',
} as const;

const SIGNATURES: Readonly<Record<Signature, string>> = {
  'name-not-found': 'the name does not exist',
  'name-lookup-failed': 'the name could not be looked up',
  'connection-refused': 'connection refused',
  unreachable: 'no route to the address',
  reset: 'connection reset',
  closed: 'connection closed without an answer',
  'certificate-required': 'the server asks for a client certificate',
  'certificate-refused': 'the server refuses the client certificate',
  'protocol-version': 'no TLS version in common',
  'tls-alert': 'the server ended the handshake with an alert',
  'speaks-plaintext': 'the server does not speak TLS',
  'rbac-denied': '403 RBAC: access denied',
  'jwt-refused': 'the token is refused',
  'bad-request': '400 bad request: the bytes are not what the proxy expects',
  'no-route': 'the proxy has no route',
  blackhole: '502: the proxy knows no such host and lets nothing else out',
  'upstream-reset': '503: the server ended the connection of the proxy',
  'upstream-plaintext': '503: the proxy spoke TLS to a server that does not',
  'upstream-certificate': '503: the proxy does not accept the certificate of the server',
  'upstream-timeout': 'the server did not answer the proxy in time',
  'upstream-refused': '503: nothing listens behind the proxy',
  'upstream-failed': '503: the proxy could not reach the server',
  'no-healthy-upstream': '503: no healthy upstream',
  'health-failed': 'the health check failed',
  'not-the-protocol': 'the answer is not of the protocol that was asked',
};

const UNTESTED: Readonly<Record<UntestedWhy, string>> = {
  'no-agent': 'there is no agent at this vantage',
  'agent-lost': 'the agent was lost',
  'agent-starved': 'the agent had too little processor time to measure',
  'agent-not-ready': 'the agent, or its sidecar, was not ready',
  'resource-exhausted': 'the agent ran out of sockets or memory',
  'no-certificate': 'the agent has no workload certificate',
  'no-address': 'there is no address to dial',
  dropped: 'the result was dropped',
  cancelled: 'cancelled',
  'unsupported-probe': 'the agent does not know this probe',
  'internal-fault': 'the agent failed',
};

/** `answered over mutual TLS, status 200`, `connection reset (application)`, `not tested: the agent was lost`. */
export function outcomeWords(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reached':
      return TRANSPORTS[outcome.transport] + (outcome.status === undefined ? '' : `, status ${String(outcome.status)}`);
    case 'refused':
      return `${SIGNATURES[outcome.signature]} (${outcome.layer})`;
    case 'silent':
      return `no answer within ${String(Math.round(outcome.afterMs))} ms (${outcome.layer})`;
    case 'untested':
      return `not tested: ${UNTESTED[outcome.why]}${outcome.detail === '' ? '' : ` (${outcome.detail})`}`;
  }
}

/** What a declared outcome means, as the end of a sentence about a call. */
export const MEANINGS: Readonly<Record<OutcomeCode, string>> = {
  ALLOW_PLAINTEXT: 'it is answered, in plaintext',
  ALLOW_MTLS: 'it is answered, over mutual TLS',
  ALLOW_HBONE: 'it is answered, through an HBONE tunnel',
  ALLOW_OPAQUE_TLS: 'its TLS bytes are passed on to the application as they are',
  ALLOW_UNCAPTURED: 'it goes straight to the application; no proxy is on its way',
  DENY_STRICT: 'it is refused, because STRICT mutual TLS takes no plaintext',
  DENY_NO_CHAIN_TLS: 'it is refused, because the port has no filter chain for TLS without an Istio ALPN',
  DENY_TLS_NO_CERT: 'the handshake fails, because no client certificate is presented',
  DENY_TLS_BAD_CA: 'the handshake fails, because the client certificate is from a CA that the mesh does not know',
  DENY_TLS_BAD_TD: 'the handshake fails, because the client certificate is of another trust domain',
  DENY_TLS_EXPIRED: 'the handshake fails, because the client certificate has expired',
  DENY_TLS_VERSION: 'the handshake fails, because there is no TLS version in common',
  PROTO_MISMATCH: 'it is refused, because the bytes are not HTTP and the port is declared as HTTP',
  DENY_AUTHZ_HTTP: 'authorization denies it',
  DENY_AUTHZ_TCP: 'authorization closes the connection',
  DENY_AUTHZ_HBONE: 'authorization refuses the HBONE tunnel',
  DENY_JWT: 'its token is refused',
  DENY_EXTAUTHZ: 'the external authorizer refuses it',
  CLIENT_TLS_MISMATCH: 'it fails, because the client side and the server disagree about TLS',
  CLIENT_BLACKHOLE: "it ends in the client's own proxy, which knows no such host",
  NO_ENDPOINTS: 'it fails, because the service has no endpoint for this port',
  NO_ROUTE: 'it fails, because no route matches',
  APP_DOWN: 'it fails, because nothing listens on the port',
  DENY_NETPOL: 'a NetworkPolicy drops its packets',
  HEALTH_FAILED: 'the health check fails',
  HANG: 'it hangs, because the proxy waits for the client to speak first',
  UNKNOWN: 'the declared objects do not say',
};

/** How it looks to the caller, where that helps to recognise it. */
export const SYMPTOMS: Partial<Record<OutcomeCode, string>> = {
  DENY_STRICT:
    'The TCP connection is accepted and then reset after its first bytes: curl reports (56) or (52) "Empty reply", never "connection refused".',
  DENY_NO_CHAIN_TLS: 'The connection is reset after the ClientHello; no TLS alert is sent.',
  DENY_TLS_NO_CERT: 'The handshake seems to succeed with TLS 1.3; the alert arrives with the first read.',
  DENY_TLS_BAD_CA: 'A TLS alert 48 (unknown CA); with TLS 1.3 it arrives after the client thinks it is connected.',
  DENY_TLS_BAD_TD: 'A TLS alert 46 or 48; with TLS 1.3 it arrives after the client thinks it is connected.',
  DENY_AUTHZ_HTTP: 'Status 403 with the body "RBAC: access denied".',
  DENY_AUTHZ_TCP: 'The connection is accepted and closed after its first bytes.',
  DENY_JWT: 'Status 401, or 403 if only the audience is wrong.',
  CLIENT_TLS_MISMATCH: "Status 503 from the caller's own proxy; for TCP, the connection is accepted and closed.",
  CLIENT_BLACKHOLE: "Status 502 from the caller's own proxy; for TCP, the connection is accepted and closed.",
  NO_ENDPOINTS: 'Through a sidecar: status 503 "no healthy upstream". Without: nothing answers at the service address.',
  DENY_NETPOL: 'Nothing comes back: the connect times out.',
  HANG: 'The connection stands, and nothing ever comes back.',
};
