import t from 'tap';
import { ask, pa, smallMesh } from './small-mesh.ts';
import type { Flow } from '../../../../controller/declared/expectation.ts';

const MODES = ['DISABLE', 'PERMISSIVE', 'STRICT'] as const;

/** What is sent, then the outcome under DISABLE, PERMISSIVE and STRICT. */
const HTTP = `
http                              | ALLOW_PLAINTEXT | ALLOW_PLAINTEXT   | DENY_STRICT
tcp                               | PROTO_MISMATCH  | PROTO_MISMATCH    | DENY_STRICT
tcp-silent                        |                 | HANG              | HANG
tls none                          | PROTO_MISMATCH  | DENY_NO_CHAIN_TLS | DENY_TLS_NO_CERT
tls none istio                    | PROTO_MISMATCH  | DENY_TLS_NO_CERT  | DENY_TLS_NO_CERT
mtls valid                        | PROTO_MISMATCH  | DENY_NO_CHAIN_TLS | ALLOW_MTLS
mtls valid http/1.1               | PROTO_MISMATCH  | DENY_NO_CHAIN_TLS | ALLOW_MTLS
mtls valid istio                  | PROTO_MISMATCH  | ALLOW_MTLS        | ALLOW_MTLS
mtls valid istio-http/1.1         | PROTO_MISMATCH  | ALLOW_MTLS        | ALLOW_MTLS
mtls untrusted-ca istio           | PROTO_MISMATCH  | DENY_TLS_BAD_CA   | DENY_TLS_BAD_CA
mtls wrong-trust-domain istio     | PROTO_MISMATCH  | DENY_TLS_BAD_TD   | DENY_TLS_BAD_TD
mtls expired istio                | PROTO_MISMATCH  | DENY_TLS_EXPIRED  | DENY_TLS_EXPIRED`;

const TCP = `
http                              | ALLOW_PLAINTEXT  | ALLOW_PLAINTEXT  | DENY_STRICT
tcp                               | ALLOW_PLAINTEXT  | ALLOW_PLAINTEXT  | DENY_STRICT
tcp-silent                        | ALLOW_PLAINTEXT  | HANG             | HANG
tls none                          | ALLOW_OPAQUE_TLS | ALLOW_OPAQUE_TLS | DENY_TLS_NO_CERT
mtls valid                        | ALLOW_OPAQUE_TLS | ALLOW_OPAQUE_TLS | ALLOW_MTLS
mtls valid istio                  | ALLOW_OPAQUE_TLS | ALLOW_MTLS       | ALLOW_MTLS
mtls untrusted-ca istio           | ALLOW_OPAQUE_TLS | DENY_TLS_BAD_CA  | DENY_TLS_BAD_CA
tls none istio                    | ALLOW_OPAQUE_TLS | DENY_TLS_NO_CERT | DENY_TLS_NO_CERT`;

const AUTO = `
http                              | ALLOW_PLAINTEXT  | ALLOW_PLAINTEXT  | DENY_STRICT
tcp                               | ALLOW_PLAINTEXT  | ALLOW_PLAINTEXT  | DENY_STRICT
tcp-silent                        | HANG             | HANG             | HANG
tls none                          | ALLOW_OPAQUE_TLS | ALLOW_OPAQUE_TLS | DENY_TLS_NO_CERT
mtls valid                        | ALLOW_OPAQUE_TLS | ALLOW_OPAQUE_TLS | ALLOW_MTLS
mtls untrusted-ca                 | ALLOW_OPAQUE_TLS | ALLOW_OPAQUE_TLS | DENY_TLS_BAD_CA
mtls valid istio-http/1.1         | ALLOW_OPAQUE_TLS | ALLOW_MTLS       | ALLOW_MTLS
mtls valid istio                  | ALLOW_OPAQUE_TLS | ALLOW_MTLS       | ALLOW_MTLS`;

const TABLES = [
  ['a port declared HTTP', 'pod:8080', HTTP],
  ['a port declared TCP', 'pod:9090', TCP],
  ['a sniffed port', 'pod:7070', AUTO],
  ['a port of no Service', 'pod:5000', AUTO],
] as const;

for (const [name, place, table] of TABLES) {
  t.test(`${name} takes and refuses what the mode says`, (t) => {
    const meshes = MODES.map((mode) => smallMesh({ objects: pa('foo/default', `{ mtls: { mode: ${mode} } }`) }));
    for (const row of table.trim().split('\n')) {
      const [sent = '', ...outcomes] = row.split('|').map((cell) => cell.trim());
      for (const [index, outcome] of outcomes.entries()) {
        const mesh = meshes[index];
        if (mesh === undefined || outcome === '') continue;
        const [probe = '', certificate, ...alpn] = sent.split(' ');
        t.equal(
          ask(mesh, `N ${probe} ${place}`, handshake(certificate, alpn)).outcome,
          outcome,
          `${sent}, ${MODES[index] ?? ''}`,
        );
      }
    }
    t.end();
  });
}

/** Inside of TLS goes what fits the port; a name of HTTP in the ALPN at a sniffed port wants HTTP. */
function handshake(certificate: string | undefined, alpn: readonly string[]): Partial<Flow> {
  if (certificate === undefined) return {};
  const tls = { certificate, alpn, as: 'bar/n' } as NonNullable<Flow['tls']>;
  return { tls, ...(alpn.some((name) => name.startsWith('istio-http')) ? { request: {} } : {}) };
}
