/** Answers that say no, of an application and of a proxy, which only a few bytes tell apart. */
import { say, serveTcp } from '../../support/servers/misbehaving.ts';
import { HTTP, reached, refused, TCP } from './animal.ts';
import type { Animal } from './animal.ts';

const ENVOY = 'server: envoy\r\n';
const SIDECAR = 'server: istio-envoy\r\n';
/** The answer passed a proxy on its way from the application. */
const PASSED = 'x-envoy-upstream-service-time: 3\r\n';
const BROKEN = 'upstream connect error or disconnect/reset before headers. reset reason: ';

const answer = (status: string, headers: string, body: string): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${String(body.length)}\r\n\r\n${body}`;
const said = (signature: string, status: number): object => ({ ...refused('application', signature), status });

const CASES: readonly (readonly [what: string, answer: string, says: object])[] = [
  ['403 of the RBAC filter', answer('403 Forbidden', SIDECAR, 'RBAC: access denied'), said('rbac-denied', 403)],
  ['403 of the app', answer('403 Forbidden', '', 'no'), reached(403)],
  ['403 of the app through its sidecar', answer('403 Forbidden', `${SIDECAR}${PASSED}`, 'no'), reached(403)],
  ['403 of an app that says the words', answer('403 Forbidden', '', 'RBAC: access denied'), reached(403)],
  ['200 that says the words', answer('200 OK', SIDECAR, 'RBAC: access denied'), reached(200)],
  ['401 of request authentication', answer('401 No', SIDECAR, 'Jwt is missing'), said('jwt-refused', 401)],
  ['401 of the app', answer('401 No', 'www-authenticate: Bearer\r\n', 'who?'), reached(401)],
  ['404 without a route', answer('404 Not Found', ENVOY, ''), said('no-route', 404)],
  ['404 of the app', answer('404 Not Found', '', 'no such page'), reached(404)],
  ['502 of the app', answer('502 Bad Gateway', '', ''), reached(502)],
  ['503 of the app', answer('503 Busy', '', 'busy'), reached(503)],
  ['503 of the app through its sidecar', answer('503 Busy', `${ENVOY}${PASSED}`, 'busy'), reached(503)],
  [
    '503 after a reset upstream',
    answer('503 No', ENVOY, `${BROKEN}connection termination`),
    said('upstream-reset', 503),
  ],
  [
    '503 after plaintext upstream',
    answer('503 No', ENVOY, `${BROKEN}TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER`),
    said('upstream-plaintext', 503),
  ],
  [
    '503 after a bad certificate upstream',
    answer('503 No', ENVOY, `${BROKEN}TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED`),
    said('upstream-certificate', 503),
  ],
  [
    '503 after a timeout upstream',
    answer('503 No', ENVOY, `${BROKEN}connection timeout`),
    said('upstream-timeout', 503),
  ],
  ['503 of an empty cluster', answer('503 No', ENVOY, 'no healthy upstream'), said('no-healthy-upstream', 503)],
  ['503 of an app that says the words', answer('503 No', '', 'no healthy upstream'), reached(503)],
  ['500 of the app', answer('500 Oh', '', 'oh'), reached(500)],
];

const TCP_CASES: readonly (readonly [what: string, answer: string, says: object])[] = [
  ['400 of a proxy that cannot read this', answer('400 Bad Request', SIDECAR, 'Bad Request'), said('bad-request', 400)],
  ['400 of an app that cannot read this', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', reached(400)],
];

export const ANSWERS: readonly Animal[] = [
  ...CASES.map(([what, bytes, says]) => ({
    name: `http: ${what}`,
    probe: HTTP,
    says,
    serve: () => serveTcp(say(bytes)),
  })),
  ...TCP_CASES.map(([what, bytes, says]) => ({
    name: `tcp: ${what}`,
    probe: TCP,
    says,
    isLasting: true,
    serve: () => serveTcp(say(bytes)),
  })),
];
