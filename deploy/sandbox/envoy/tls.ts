/** Transport sockets: the server's side as a sidecar terminates mutual TLS, the client's side as it originates it. */
import type { WorkloadCertificate } from '../data-plane.ts';
import { extension } from './message.ts';
import type { Message } from './message.ts';

/** What HTTP chains let a client choose from; an offer of Istio's own names alone negotiates nothing. */
const SERVER_ALPN = ['h2', 'http/1.1'];

/** istio: pilot/pkg/security/authn/utils/utils.go:SupportedCiphers; TLS 1.3 suites are not configurable. */
const CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** Said on both sides: Envoy's own default stops at TLS 1.2 for clients. */
const VERSIONS = { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' } as const;

const TLS_SOCKET = 'envoy.transport_sockets.tls';
const TLS_PACKAGE = 'envoy.extensions.transport_sockets.tls.v3';

/** Asks for a client certificate of the mesh root and of `trustDomain`, in PERMISSIVE as in STRICT (istio: authn/utils/utils.go:BuildInboundTLS). */
export function mutualTlsServer(certificate: WorkloadCertificate, trustDomain: string): Message {
  return extension(TLS_SOCKET, `${TLS_PACKAGE}.DownstreamTlsContext`, {
    require_client_certificate: true,
    common_tls_context: {
      alpn_protocols: SERVER_ALPN,
      tls_certificates: [keyPair(certificate)],
      tls_params: { ...VERSIONS, cipher_suites: CIPHERS },
      validation_context: {
        trusted_ca: { inline_string: certificate.root },
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: `spiffe://${trustDomain}/` } }],
      },
    },
  });
}

/** ISTIO_MUTUAL. The ALPN is the one for TCP; HTTP requests replace it one by one (http.ts:announceHttp). No identities: any of the mesh root. */
export function mutualTlsClient(certificate: WorkloadCertificate, sni: string, identities: readonly string[]): Message {
  const names = identities.map((identity) => ({ san_type: 'URI', matcher: { exact: identity } }));
  return extension(TLS_SOCKET, `${TLS_PACKAGE}.UpstreamTlsContext`, {
    sni,
    common_tls_context: {
      alpn_protocols: ['istio'],
      tls_certificates: [keyPair(certificate)],
      tls_params: VERSIONS,
      validation_context: {
        trusted_ca: { inline_string: certificate.root },
        ...(names.length > 0 && { match_typed_subject_alt_names: names }),
      },
    },
  });
}

/** SIMPLE without a certificate check: what the server makes of a client without certificate is all that shows. */
export function simpleTlsClient(fqdn: string): Message {
  return extension(TLS_SOCKET, `${TLS_PACKAGE}.UpstreamTlsContext`, {
    sni: fqdn,
    common_tls_context: { tls_params: VERSIONS },
  });
}

export const PLAINTEXT_SOCKET = extension(
  'envoy.transport_sockets.raw_buffer',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
);

function keyPair(certificate: WorkloadCertificate): Message {
  return {
    certificate_chain: { inline_string: certificate.chain },
    private_key: { inline_string: certificate.key },
  };
}
