import t from 'tap';
import { httpStatusOf, refusalIn } from '../../../agent/classify-answer.ts';
import type { Signature } from '../../../proto/outcome.ts';

interface Case {
  readonly what: string;
  readonly status: number;
  readonly server?: string;
  /** `x-envoy-upstream-service-time`: an upstream answered. */
  readonly upstream?: boolean;
  readonly authenticate?: string;
  readonly text: string;
  readonly isMeshed?: boolean;
  readonly is: Signature | 'reached';
}

const CONNECT_ERROR = 'upstream connect error or disconnect/reset before headers. ';
const TLS_ERROR = `${CONNECT_ERROR}reset reason: remote connection failure, transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:`;

const CASES: readonly Case[] = [
  { what: 'RBAC of the sidecar', status: 403, text: 'RBAC: access denied', is: 'rbac-denied' },
  {
    what: 'RBAC of the server seen through the client',
    status: 403,
    upstream: true,
    server: 'envoy',
    text: 'RBAC: access denied',
    is: 'rbac-denied',
  },
  { what: 'an app that says the same words', status: 403, server: 'nginx', text: 'RBAC: access denied', is: 'reached' },
  { what: 'the app says 403', status: 403, upstream: true, text: 'forbidden', is: 'reached' },
  { what: 'an external authorizer says 403', status: 403, text: '', is: 'rbac-denied' },
  { what: 'the audience of the token', status: 403, text: 'Audiences in Jwt are not allowed', is: 'jwt-refused' },
  { what: 'a missing token', status: 401, text: 'Jwt is missing', is: 'jwt-refused' },
  {
    what: 'a bad token, through the client',
    status: 401,
    upstream: true,
    server: 'envoy',
    text: 'Jwt verification fails',
    is: 'jwt-refused',
  },
  { what: 'a challenge without text', status: 401, authenticate: 'Bearer realm="x"', text: '', is: 'jwt-refused' },
  {
    what: 'the app wants a login',
    status: 401,
    upstream: true,
    authenticate: 'Bearer realm="x"',
    text: 'login',
    is: 'reached',
  },
  { what: 'non-HTTP bytes', status: 400, text: 'Bad Request', is: 'bad-request' },
  { what: 'the app says 400', status: 400, upstream: true, text: 'no', is: 'reached' },
  { what: 'no route', status: 404, text: '', is: 'no-route' },
  { what: 'the app says 404', status: 404, upstream: true, text: 'no such page', is: 'reached' },
  { what: 'an app without proxy says 404', status: 404, server: 'nginx', text: '', is: 'reached' },
  { what: 'unknown host under REGISTRY_ONLY', status: 502, server: 'envoy', text: '', isMeshed: true, is: 'blackhole' },
  { what: '502 without a sidecar of ours', status: 502, text: '', is: 'reached' },
  { what: 'no endpoints', status: 503, text: 'no healthy upstream', is: 'no-healthy-upstream' },
  {
    what: 'plaintext into STRICT',
    status: 503,
    server: 'envoy',
    text: `${CONNECT_ERROR}reset reason: connection termination`,
    is: 'upstream-reset',
  },
  {
    what: 'mTLS into plaintext',
    status: 503,
    text: `${TLS_ERROR}WRONG_VERSION_NUMBER:TLS_error_end`,
    is: 'upstream-plaintext',
  },
  {
    what: 'a wrong server certificate',
    status: 503,
    text: `${TLS_ERROR}CERTIFICATE_VERIFY_FAILED:TLS_error_end`,
    is: 'upstream-certificate',
  },
  {
    what: 'the server refuses our sidecar',
    status: 503,
    text: `${TLS_ERROR}TLSV1_ALERT_UNKNOWN_CA:TLS_error_end`,
    is: 'upstream-certificate',
  },
  {
    what: 'a dropped SYN',
    status: 503,
    text: `${CONNECT_ERROR}retried and the latest reset reason: connection timeout`,
    is: 'upstream-timeout',
  },
  {
    what: 'the app does not listen',
    status: 503,
    text: `${CONNECT_ERROR}reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused`,
    is: 'upstream-refused',
  },
  {
    what: 'the same in older words',
    status: 503,
    text: `${CONNECT_ERROR}reset reason: connection failure, transport failure reason: delayed connect error: 111`,
    is: 'upstream-refused',
  },
  {
    what: 'words that are not known',
    status: 503,
    text: `${CONNECT_ERROR}reset reason: something new`,
    is: 'upstream-failed',
  },
  { what: 'a route timeout', status: 504, text: 'upstream request timeout', is: 'upstream-timeout' },
  { what: 'the app says 503', status: 503, upstream: true, text: 'busy', is: 'reached' },
  { what: 'a good answer', status: 200, upstream: true, text: 'RBAC: access denied', is: 'reached' },
];

t.test('Envoy speaks for itself, or an application answered', (t) => {
  for (const { what, status, server = 'istio-envoy', upstream, authenticate, text, isMeshed = false, is } of CASES) {
    const headers: Record<string, string | undefined> = {
      server,
      'x-envoy-upstream-service-time': upstream === true ? '1' : undefined,
      'www-authenticate': authenticate,
    };
    const signature = refusalIn({ status, header: (name) => headers[name], text, isMeshed });
    t.equal(signature ?? 'reached', is, what);
  }
  t.end();
});

t.test('gRPC statuses stand for the HTTP statuses that Envoy turned into them', (t) => {
  const cases: readonly (readonly [number, number | undefined])[] = [
    [7, 403],
    [12, 404],
    [14, 503],
    [16, 401],
    [0, undefined],
    [2, undefined],
  ];
  for (const [grpc, http] of cases) t.equal(httpStatusOf(grpc), http, String(grpc));
  t.end();
});
