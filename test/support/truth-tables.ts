/** The truth tables of a sidecar's inbound ports, as Istio's chains make them, before authorization. */
import type { ChainProtocol } from '../../deploy/sandbox/reality.ts';

/**
 * By protocol of the port. A row's name is its probe: `http`, `bytes` (not HTTP), `silent` (waits for the server),
 * `tls` (no certificate) or `mtls` with a kind of certificate, then the ALPN names offered, in order.
 * From istio: tests/…/sidecar_simulation_test.go:TestInbound and pilot/pkg/networking/core/filterchain_options.go.
 */
export const INBOUND: Readonly<Record<ChainProtocol, string>> = {
  http: `
    probe                                             | DISABLE                 | PERMISSIVE              | STRICT
    http                                              | ALLOW_PLAINTEXT as HTTP | ALLOW_PLAINTEXT as HTTP | DENY_STRICT
    bytes                                             | PROTO_MISMATCH          | PROTO_MISMATCH          | DENY_STRICT
    silent                                            | HANG                    | HANG                    | HANG
    tls                                               | PROTO_MISMATCH          | DENY_NO_CHAIN_TLS       | DENY_TLS_NO_CERT
    tls h2 http/1.1                                   | PROTO_MISMATCH          | DENY_NO_CHAIN_TLS       | DENY_TLS_NO_CERT
    tls istio                                         | PROTO_MISMATCH          | DENY_TLS_NO_CERT        | DENY_TLS_NO_CERT
    tls istio-http/1.1                                | PROTO_MISMATCH          | DENY_TLS_NO_CERT        | DENY_TLS_NO_CERT
    mtls valid                                        | PROTO_MISMATCH          | DENY_NO_CHAIN_TLS       | ALLOW_MTLS as HTTP
    mtls valid http/1.1                               | PROTO_MISMATCH          | DENY_NO_CHAIN_TLS       | ALLOW_MTLS as HTTP
    mtls valid istio                                  | PROTO_MISMATCH          | ALLOW_MTLS as HTTP      | ALLOW_MTLS as HTTP
    mtls valid istio-http/1.1                         | PROTO_MISMATCH          | ALLOW_MTLS as HTTP      | ALLOW_MTLS as HTTP
    mtls valid istio-http/1.1 istio http/1.1          | PROTO_MISMATCH          | ALLOW_MTLS as HTTP      | ALLOW_MTLS as HTTP
    mtls untrusted-ca istio-http/1.1                  | PROTO_MISMATCH          | DENY_TLS_BAD_CA         | DENY_TLS_BAD_CA
    mtls wrong-trust-domain istio-http/1.1            | PROTO_MISMATCH          | DENY_TLS_BAD_TD         | DENY_TLS_BAD_TD
    mtls expired istio-http/1.1                       | PROTO_MISMATCH          | DENY_TLS_EXPIRED        | DENY_TLS_EXPIRED
    mtls untrusted-ca                                 | PROTO_MISMATCH          | DENY_NO_CHAIN_TLS       | DENY_TLS_BAD_CA
  `,
  tcp: `
    probe                                             | DISABLE                 | PERMISSIVE              | STRICT
    http                                              | ALLOW_PLAINTEXT as TCP  | ALLOW_PLAINTEXT as TCP  | DENY_STRICT
    bytes                                             | ALLOW_PLAINTEXT as TCP  | ALLOW_PLAINTEXT as TCP  | DENY_STRICT
    silent                                            | ALLOW_PLAINTEXT as TCP  | HANG                    | HANG
    tls                                               | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT
    tls istio                                         | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT        | DENY_TLS_NO_CERT
    mtls valid                                        | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP
    mtls valid http/1.1                               | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP
    mtls valid istio                                  | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP       | ALLOW_MTLS as TCP
    mtls valid istio-http/1.1                         | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP       | ALLOW_MTLS as TCP
    mtls untrusted-ca istio                           | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_CA         | DENY_TLS_BAD_CA
    mtls wrong-trust-domain istio                     | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_TD         | DENY_TLS_BAD_TD
    mtls expired istio                                | ALLOW_OPAQUE_TLS        | DENY_TLS_EXPIRED        | DENY_TLS_EXPIRED
    mtls untrusted-ca                                 | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_CA
  `,
  auto: `
    probe                                             | DISABLE                 | PERMISSIVE              | STRICT
    http                                              | ALLOW_PLAINTEXT as HTTP | ALLOW_PLAINTEXT as HTTP | DENY_STRICT
    bytes                                             | ALLOW_PLAINTEXT as TCP  | ALLOW_PLAINTEXT as TCP  | DENY_STRICT
    silent                                            | HANG                    | HANG                    | HANG
    tls                                               | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT
    tls http/1.1                                      | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT
    tls istio                                         | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT        | DENY_TLS_NO_CERT
    tls istio-http/1.1                                | ALLOW_OPAQUE_TLS        | DENY_TLS_NO_CERT        | DENY_TLS_NO_CERT
    mtls valid                                        | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP
    mtls valid http/1.1                               | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP
    mtls valid istio-http/1.1                         | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as HTTP      | ALLOW_MTLS as HTTP
    mtls valid istio                                  | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP       | ALLOW_MTLS as TCP
    mtls valid istio-http/1.1 istio http/1.1          | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as HTTP      | ALLOW_MTLS as HTTP
    mtls valid istio istio-http/1.1                   | ALLOW_OPAQUE_TLS        | ALLOW_MTLS as TCP       | ALLOW_MTLS as HTTP
    mtls untrusted-ca                                 | ALLOW_OPAQUE_TLS        | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_CA
    mtls untrusted-ca istio                           | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_CA         | DENY_TLS_BAD_CA
    mtls wrong-trust-domain istio-http/1.1            | ALLOW_OPAQUE_TLS        | DENY_TLS_BAD_TD         | DENY_TLS_BAD_TD
    mtls expired istio                                | ALLOW_OPAQUE_TLS        | DENY_TLS_EXPIRED        | DENY_TLS_EXPIRED
  `,
};
