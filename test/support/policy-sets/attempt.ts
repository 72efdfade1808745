/** One flow, attempted on the wire, in the engine's own words for what came of it. */
import type { Flow, OutcomeCode } from '../../../controller/declared/expectation.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { BYTES, callPlain, callTls } from '../raw-client.ts';
import type { Showing } from '../raw-client.ts';
import { BANNER, BYTE_ANSWER } from '../two-faced-app.ts';
import { bearer } from './tokens.ts';

export interface Attempt {
  readonly outcome: OutcomeCode | `unexpected: ${string}`;
  /** Of an answer in HTTP. */
  readonly httpStatus: number | null;
}

export interface Caller {
  /** Its end of this one connection. */
  readonly address: Address;
  readonly certificate?: { readonly key: string; readonly chain: string };
  /** In TLS; absent: none is sent. */
  readonly serverName?: string;
}

/** Long enough for a loaded machine; only calls that hang wait for their whole time. */
const ANSWER_MS = 8_000;
const HANG_MS = 400;

export async function attempt(flow: Flow, to: Address, caller: Caller): Promise<Attempt> {
  const { address, certificate, serverName } = caller;
  const call = {
    to,
    bytes: bytesOf(flow),
    waitMs: flow.probe === 'tcp-silent' ? HANG_MS : ANSWER_MS,
    from: address,
  };
  const showing =
    flow.tls === undefined
      ? await callPlain(call)
      : await callTls({
          ...call,
          alpn: flow.tls.alpn ?? [],
          version: 'TLSv1.3',
          ...(certificate !== undefined && { certificate }),
          ...(serverName !== undefined && { serverName }),
        });
  return outcomeOf(showing, flow.tls !== undefined);
}

function bytesOf({ probe, request }: Flow): string {
  if (probe === 'tcp-silent') return '';
  if (request === undefined) return BYTES;
  const { method = 'GET', path = '/', host = '', headers = {}, token } = request;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(token === undefined ? [] : [`authorization: ${bearer(token)}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function outcomeOf(showing: Showing, isTls: boolean): Attempt {
  const plain = (outcome: Attempt['outcome']): Attempt => ({ outcome, httpStatus: null });
  switch (showing.kind) {
    case 'silent':
      return plain('HANG');
    case 'reset':
      return plain(isTls ? 'DENY_NO_CHAIN_TLS' : 'DENY_STRICT');
    case 'closed':
      return plain('DENY_AUTHZ_TCP');
    case 'alert':
      return plain(ALERTS[showing.number] ?? `unexpected: alert ${String(showing.number)}`);
    case 'plaintext-answer':
      if (showing.text.startsWith(`${BYTE_ANSWER}1603`)) return plain('ALLOW_OPAQUE_TLS');
      return answered(showing.text, 'ALLOW_PLAINTEXT');
    case 'answer':
      return answered(showing.text, isTls ? 'ALLOW_MTLS' : 'ALLOW_PLAINTEXT');
    case 'fault':
      return plain(`unexpected: ${showing.text}`);
  }
}

/** RFC 8446 B.2 */
const ALERTS: Readonly<Record<number, OutcomeCode>> = {
  45: 'DENY_TLS_EXPIRED',
  46: 'DENY_TLS_BAD_TD',
  48: 'DENY_TLS_BAD_CA',
  116: 'DENY_TLS_NO_CERT',
};

function answered(text: string, allowed: OutcomeCode): Attempt {
  if (text.startsWith(BYTE_ANSWER) || text.startsWith(BANNER)) return { outcome: allowed, httpStatus: null };
  const status = Number(/^HTTP\/1\.1 (?<status>\d{3}) /.exec(text)?.groups?.['status']);
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  const is = (outcome: Attempt['outcome']): Attempt => ({ outcome, httpStatus: status });
  if (status === 200) return is(allowed);
  if (status === 400) return is('PROTO_MISMATCH');
  if (status === 403 && body === 'RBAC: access denied') return is('DENY_AUTHZ_HTTP');
  if ((status === 401 || status === 403) && /^(?:Jwt |Audiences in Jwt)/.test(body)) return is('DENY_JWT');
  return is(`unexpected: ${JSON.stringify(text)}`);
}
