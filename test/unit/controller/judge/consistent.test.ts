import t from 'tap';
import type { OutcomeCode } from '../../../../controller/declared/expectation.ts';
import { CONSISTENT, isConsistent } from '../../../../controller/judge/consistent.ts';
import type { Perspective } from '../../../../controller/judge/consistent.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { reached, refused, silent, untested } from './cells.ts';

/** Short names for what a socket or a proxy can show. */
const SEEN: Readonly<Record<string, Outcome>> = {
  'tcp refused': refused('tcp', 'connection-refused'),
  'tcp silent': silent('tcp'),
  'tcp reset': refused('tcp', 'reset'),
  'app reset': refused('application', 'reset'),
  'app closed': refused('application', 'closed'),
  'app silent': silent('application'),
  'tls reset': refused('tls', 'reset'),
  'tls closed': refused('tls', 'closed'),
  'tls silent': silent('tls'),
  'cert required': refused('tls', 'certificate-required', { alert: 116 }),
  'cert refused': refused('tls', 'certificate-refused', { alert: 48 }),
  'alert 70': refused('tls', 'protocol-version', { alert: 70 }),
  'speaks plaintext': refused('tls', 'speaks-plaintext'),
  '400': refused('application', 'bad-request', { status: 400 }),
  '403 rbac': refused('application', 'rbac-denied', { status: 403 }),
  '403 app': reached({ status: 403 }),
  '401 jwt': refused('application', 'jwt-refused', { status: 401 }),
  '404 route': refused('application', 'no-route', { status: 404 }),
  '502 blackhole': refused('application', 'blackhole', { status: 502 }),
  '503 reset': refused('application', 'upstream-reset', { status: 503 }),
  '503 plaintext': refused('application', 'upstream-plaintext', { status: 503 }),
  '503 cert': refused('application', 'upstream-certificate', { status: 503 }),
  '503 timeout': refused('application', 'upstream-timeout', { status: 503 }),
  '503 refused': refused('application', 'upstream-refused', { status: 503 }),
  '503 no healthy': refused('application', 'no-healthy-upstream', { status: 503 }),
  '503 other': refused('application', 'upstream-failed', { status: 503 }),
  'health failed': refused('application', 'health-failed', { status: 500 }),
  '200': reached(),
  untested,
};
const not_tls = ['speaks plaintext', '400', 'tls reset', 'tls closed', 'tls silent'];
const cut = ['app reset', 'app closed'];
const upstream_cut = ['503 reset', ...cut];

/** Everything of SEEN that is not listed must not fit. */
const ROWS: readonly (readonly [OutcomeCode, Perspective, readonly string[]])[] = [
  ['ALLOW_PLAINTEXT', 'direct', []],
  ['ALLOW_PLAINTEXT', 'proxied', []],
  ['ALLOW_MTLS', 'direct', []],
  ['ALLOW_MTLS', 'proxied', []],
  ['ALLOW_HBONE', 'direct', []],
  ['ALLOW_HBONE', 'proxied', []],
  ['ALLOW_OPAQUE_TLS', 'direct', not_tls],
  ['ALLOW_OPAQUE_TLS', 'proxied', ['503 plaintext', '503 other', ...upstream_cut, 'app silent']],
  ['ALLOW_UNCAPTURED', 'direct', not_tls],
  ['ALLOW_UNCAPTURED', 'proxied', []],
  ['DENY_STRICT', 'direct', cut],
  ['DENY_STRICT', 'proxied', upstream_cut],
  ['DENY_NO_CHAIN_TLS', 'direct', ['tls reset', 'tls closed']],
  ['DENY_NO_CHAIN_TLS', 'proxied', upstream_cut],
  ['DENY_TLS_NO_CERT', 'direct', ['cert required', ...cut]],
  ['DENY_TLS_NO_CERT', 'proxied', ['503 cert', ...upstream_cut]],
  ['DENY_TLS_BAD_CA', 'direct', ['cert refused', ...cut]],
  ['DENY_TLS_BAD_CA', 'proxied', ['503 cert', ...upstream_cut]],
  ['DENY_TLS_BAD_TD', 'direct', ['cert refused', ...cut]],
  ['DENY_TLS_BAD_TD', 'proxied', ['503 cert', ...upstream_cut]],
  ['DENY_TLS_EXPIRED', 'direct', ['cert refused', ...cut]],
  ['DENY_TLS_EXPIRED', 'proxied', ['503 cert', ...upstream_cut]],
  ['DENY_TLS_VERSION', 'direct', ['alert 70']],
  ['DENY_TLS_VERSION', 'proxied', ['503 other', ...upstream_cut]],
  ['PROTO_MISMATCH', 'direct', [...not_tls, ...cut]],
  ['PROTO_MISMATCH', 'proxied', ['400', '503 plaintext', ...upstream_cut]],
  ['DENY_AUTHZ_HTTP', 'direct', ['403 rbac']],
  ['DENY_AUTHZ_HTTP', 'proxied', ['403 rbac']],
  ['DENY_AUTHZ_TCP', 'direct', [...cut, 'tls reset', 'tls closed']],
  ['DENY_AUTHZ_TCP', 'proxied', upstream_cut],
  ['DENY_AUTHZ_HBONE', 'direct', ['403 rbac', ...cut]],
  ['DENY_AUTHZ_HBONE', 'proxied', upstream_cut],
  ['DENY_JWT', 'direct', ['401 jwt']],
  ['DENY_JWT', 'proxied', ['401 jwt']],
  ['DENY_EXTAUTHZ', 'direct', ['403 rbac', '401 jwt', '403 app']],
  ['DENY_EXTAUTHZ', 'proxied', ['403 rbac', '401 jwt', '403 app']],
  ['CLIENT_TLS_MISMATCH', 'direct', [...not_tls, ...cut]],
  ['CLIENT_TLS_MISMATCH', 'proxied', ['503 plaintext', '503 cert', '503 other', ...upstream_cut]],
  ['CLIENT_BLACKHOLE', 'direct', ['502 blackhole', ...cut]],
  ['CLIENT_BLACKHOLE', 'proxied', ['502 blackhole', ...cut]],
  ['NO_ENDPOINTS', 'direct', ['tcp refused', 'tcp silent', 'tcp reset']],
  ['NO_ENDPOINTS', 'proxied', ['503 no healthy', ...cut]],
  ['NO_ROUTE', 'direct', ['404 route']],
  ['NO_ROUTE', 'proxied', ['404 route']],
  [
    'APP_DOWN',
    'direct',
    ['tcp refused', 'tcp reset', '503 refused', '503 other', '503 reset', '503 no healthy', ...cut],
  ],
  ['APP_DOWN', 'proxied', ['503 refused', '503 other', '503 reset', '503 no healthy', ...cut]],
  ['DENY_NETPOL', 'direct', ['tcp silent', 'tcp refused', 'tcp reset']],
  [
    'DENY_NETPOL',
    'proxied',
    ['tcp silent', 'tls silent', 'app silent', '503 timeout', '503 other', '503 refused', ...cut],
  ],
  ['HANG', 'direct', ['app silent', 'tls silent']],
  ['HANG', 'proxied', ['app silent', 'tls silent']],
  ['UNKNOWN', 'direct', []],
  ['UNKNOWN', 'proxied', []],
];

for (const [code, perspective, fitting] of ROWS) {
  t.test(`${code}, ${perspective}: fits ${fitting.join(', ') || 'no refusal'}`, (t) => {
    const fits = Object.entries(SEEN)
      .filter(([, outcome]) => isConsistent(code, perspective, outcome))
      .map(([name]) => name);
    t.same(fits.sort(), [...fitting].sort());
    t.end();
  });
}

t.test('a failed health check fits every way in which a check fails, and no success', (t) => {
  for (const perspective of ['direct', 'proxied'] as const) {
    for (const name of ['health failed', 'app reset', 'tcp refused', 'app silent', '400']) {
      t.ok(isConsistent('HEALTH_FAILED', perspective, SEEN[name] ?? untested), name);
    }
    t.notOk(isConsistent('HEALTH_FAILED', perspective, reached()));
  }
  t.end();
});

t.test('every outcome code has its row here', (t) => {
  const rows = new Set(ROWS.map(([code, perspective]) => `${code} ${perspective}`));
  const missing = Object.keys(CONSISTENT).filter(
    (code) => code !== 'HEALTH_FAILED' && !(rows.has(`${code} direct`) && rows.has(`${code} proxied`)),
  );
  t.same(missing, []);
  t.end();
});
