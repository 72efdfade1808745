/** Where a proxy sends bytes: its app, a service's endpoints, or whatever the caller dialled. */
import type { Address } from '../../../proto/vocabulary.ts';
import type { UpstreamEndpoint, UpstreamService, WorkloadCertificate } from '../data-plane.ts';
import { socketAddress, typed } from './message.ts';
import type { Message } from './message.ts';
import { mutualTlsClient, PLAINTEXT_SOCKET, simpleTlsClient } from './tls.ts';

export const PASSTHROUGH = 'PassthroughCluster';

/** Callers speak HTTP/1.1 or HTTP/2, the proxy goes on in the same. */
const SAME_HTTP_VERSION = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } },
    ),
  },
} as const;

export function inboundClusterName(port: number): string {
  return `inbound|${String(port)}||`;
}

export function serviceClusterName(service: UpstreamService): string {
  return `outbound|${String(service.port)}||${service.fqdn}`;
}

/** The app behind an inbound port, in plaintext. */
export function inboundCluster(port: number, app: Address): Message {
  return staticCluster(inboundClusterName(port), [{ endpoint: { address: socketAddress(app) } }]);
}

/** A service's endpoints in turn, each with the transport that this client has chosen for it; no retries anywhere. */
export function serviceCluster(service: UpstreamService, certificate: WorkloadCertificate): Message {
  const transports = new Map(service.endpoints.map((endpoint) => [transportKey(endpoint), endpoint]));
  const endpoints = service.endpoints.map((endpoint) => ({
    endpoint: { address: socketAddress(endpoint.address) },
    metadata: { filter_metadata: { 'envoy.transport_socket_match': { transport: transportKey(endpoint) } } },
  }));
  return {
    ...staticCluster(serviceClusterName(service), endpoints),
    transport_socket_matches: [...transports].map(([transport, endpoint]) => ({
      name: transport,
      match: { transport },
      transport_socket: transportSocket(endpoint, service, certificate),
    })),
  };
}

/** Plaintext to the address that the caller dialled. */
export function passthroughCluster(): Message {
  return {
    name: PASSTHROUGH,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '10s',
    ...SAME_HTTP_VERSION,
  };
}

function staticCluster(name: string, endpoints: readonly Message[]): Message {
  return {
    name,
    type: 'STATIC',
    lb_policy: 'ROUND_ROBIN',
    connect_timeout: '10s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...SAME_HTTP_VERSION,
  };
}

function transportKey(endpoint: UpstreamEndpoint): string {
  return endpoint.tls === 'istio-mutual' ? [endpoint.tls, ...endpoint.identities].join(' ') : endpoint.tls;
}

function transportSocket(
  endpoint: UpstreamEndpoint,
  service: UpstreamService,
  certificate: WorkloadCertificate,
): Message {
  switch (endpoint.tls) {
    case 'plaintext':
      return PLAINTEXT_SOCKET;
    case 'simple':
      return simpleTlsClient(service.fqdn);
    case 'istio-mutual':
      return mutualTlsClient(certificate, `outbound_.${String(service.port)}_._.${service.fqdn}`, endpoint.identities);
  }
}
