/** What a raw call showed, in the outcome codes of the reachability truth tables. */
import type { Address } from '../../proto/vocabulary.ts';
import { callPlain, callTls, BYTES } from './raw-client.ts';
import type { Showing } from './raw-client.ts';
import { BANNER, BYTE_ANSWER } from './two-faced-app.ts';

export const CERTIFICATE_KINDS = ['valid', 'untrusted-ca', 'wrong-trust-domain', 'expired'] as const;
export type CertificateKind = (typeof CERTIFICATE_KINDS)[number];
export type ClientCertificates = Readonly<Record<CertificateKind, { readonly key: string; readonly chain: string }>>;
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Claims an identity: an HTTP chain removes the claim or adds to it, a TCP chain passes it on as it is. */
const CLAIM = 'URI=spiffe://cluster.local/ns/liar/sa/liar';
const HTTP_CALL = `GET /orders HTTP/1.1\r\nhost: t.foo\r\nx-forwarded-client-cert: ${CLAIM}\r\n\r\n`;

/** Long enough for a loaded machine; only calls that are meant to hang wait this long. */
const HANG_MS = 600;
const ANSWER_MS = 5_000;

export async function httpCode(to: Address): Promise<string> {
  return plainCode(await callPlain({ to, bytes: HTTP_CALL, waitMs: ANSWER_MS }));
}

export async function bytesCode(to: Address): Promise<string> {
  return plainCode(await callPlain({ to, bytes: BYTES, waitMs: ANSWER_MS }));
}

/** The client says nothing. */
export async function silentCode(to: Address): Promise<string> {
  return plainCode(await callPlain({ to, bytes: '', waitMs: HANG_MS }));
}

/** TLS with or without a certificate, then an HTTP request. */
export async function tlsCode(
  to: Address,
  version: TlsVersion,
  alpn: readonly string[],
  certificate?: { readonly key: string; readonly chain: string },
): Promise<string> {
  const facts = { to, bytes: HTTP_CALL, waitMs: ANSWER_MS, alpn, version };
  const showing = await callTls(certificate === undefined ? facts : { ...facts, certificate });
  switch (showing.kind) {
    case 'alert':
      return alertCode(showing.number, version);
    case 'reset':
      return 'DENY_NO_CHAIN_TLS';
    case 'closed':
      return 'DENY_AUTHZ_TCP';
    case 'plaintext-answer':
      if (showing.text.startsWith('HTTP/1.1 400')) return 'PROTO_MISMATCH';
      return showing.text.startsWith(`${BYTE_ANSWER}1603`) ? 'ALLOW_OPAQUE_TLS' : unexpected(showing);
    case 'answer':
      return answerCode('ALLOW_MTLS', showing);
    case 'silent':
    case 'fault':
      return unexpected(showing);
  }
}

function plainCode(showing: Showing): string {
  switch (showing.kind) {
    case 'silent':
      return 'HANG';
    case 'reset':
      return 'DENY_STRICT';
    case 'closed':
      return 'DENY_AUTHZ_TCP';
    case 'answer':
      return answerCode('ALLOW_PLAINTEXT', showing);
    default:
      return unexpected(showing);
  }
}

function answerCode(allowed: string, showing: Extract<Showing, { kind: 'answer' }>): string {
  const { text } = showing;
  if (text.startsWith(BYTE_ANSWER) || text.startsWith(BANNER)) return `${allowed} as TCP`;
  if (text.startsWith('HTTP/1.1 400')) return 'PROTO_MISMATCH';
  if (text.startsWith('HTTP/1.1 403') && text.endsWith('\r\n\r\nRBAC: access denied')) return 'DENY_AUTHZ_HTTP';
  const identity = /^HTTP\/1\.1 200[^]*\r\n\r\nxfcc=(?<identity>.*)$/.exec(text)?.groups?.['identity'];
  if (identity === CLAIM) return `${allowed} as TCP`;
  if (identity === '-') return 'ALLOW_PLAINTEXT as HTTP';
  const added =
    identity?.startsWith(`${CLAIM},By=`) === true && identity.endsWith(';URI=spiffe://cluster.local/ns/bar/sa/c');
  return added ? 'ALLOW_MTLS as HTTP' : unexpected(showing);
}

/** RFC 8446 B.2; a TLS 1.2 server has no alert of its own for a missing certificate. */
function alertCode(alert: number, version: TlsVersion): string {
  if (alert === (version === 'TLSv1.3' ? 116 : 40)) return 'DENY_TLS_NO_CERT';
  if (alert === 48) return 'DENY_TLS_BAD_CA';
  if (alert === 46) return 'DENY_TLS_BAD_TD';
  if (alert === 45) return 'DENY_TLS_EXPIRED';
  return `alert ${String(alert)}`;
}

function unexpected(showing: Showing): string {
  return `unexpected: ${JSON.stringify(showing)}`;
}
