/** The inbound side of one sidecar port, as istiod would configure it for a set of security objects. */
import type { WorkloadCertificate } from '../../../deploy/sandbox/data-plane.ts';
import { extension, ownSocket } from '../../../deploy/sandbox/envoy/message.ts';
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { tcpProxy, WAIT_FOR_FIRST_BYTES } from '../../../deploy/sandbox/envoy/tcp.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { filterChains, inspectors } from './filter-chains.ts';
import type { Chain, PortProtocol } from './filter-chains.ts';
import { jwtFilter } from './jwt-filter.ts';
import { mtlsModes } from './mtls-mode.ts';
import type { MeshSettings, Normalization, SecurityObject, Workload } from './objects.ts';
import { rbacFilters } from './rbac-filters.ts';

export interface Sidecar {
  readonly workload: Workload;
  readonly mesh: MeshSettings;
  readonly objects: readonly SecurityObject[];
  readonly certificate: WorkloadCertificate;
  /** Of HTTP chains, and of listeners. */
  readonly accessLog: { readonly http: Message; readonly tcp: Message };
}

export interface Port {
  /** Its number is the workload's port: authorization rules see it. */
  readonly listen: Address;
  readonly protocol: PortProtocol;
  /** Cluster of the application. */
  readonly cluster: string;
}

export function inboundListener(sidecar: Sidecar, { listen, protocol, cluster }: Port): Message {
  const peers = sidecar.objects.filter((object) => object.kind === 'PeerAuthentication');
  const mode = mtlsModes(peers, sidecar.workload, sidecar.mesh)(listen.port);
  return {
    name: `${listen.host}:${String(listen.port)}`,
    traffic_direction: 'INBOUND',
    ...ownSocket(listen),
    ...WAIT_FOR_FIRST_BYTES,
    access_log: [sidecar.accessLog.tcp],
    listener_filters: inspectors(protocol, mode),
    filter_chains: filterChains(protocol, mode).map((chain) => ({
      filter_chain_match: chain.match,
      filters: filters(sidecar, chain, cluster),
      ...(chain.isMutualTls && { transport_socket: mutualTls(sidecar) }),
    })),
  };
}

/** istio: pilot/pkg/networking/core/listener_inbound.go:buildInboundNetworkFilters; tokens are read on HTTP chains only. */
function filters(sidecar: Sidecar, { layer }: Chain, cluster: string): readonly Message[] {
  const { workload, mesh, objects } = sidecar;
  const policies = objects.filter((object) => object.kind === 'AuthorizationPolicy');
  const authorization = rbacFilters(policies, workload, mesh, layer);
  if (layer === 'tcp') return [...authorization, tcpProxy(cluster)];
  const tokens = objects.filter((object) => object.kind === 'RequestAuthentication');
  return [connectionManager(sidecar, [...jwtFilter(tokens, workload, mesh), ...authorization], cluster)];
}

/** istio: pilot/pkg/networking/core/listener_inbound.go:buildSidecarInboundHTTPOpts, listener_builder.go:buildHTTPConnectionManager */
function connectionManager({ mesh, accessLog }: Sidecar, http_filters: readonly Message[], cluster: string): Message {
  const router = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router');
  return extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: cluster,
      use_remote_address: false,
      server_name: 'istio-envoy',
      forward_client_cert_details: 'APPEND_FORWARD',
      set_current_client_cert_details: { subject: true, dns: true, uri: true },
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      ...NORMALIZATIONS[mesh.normalization],
      access_log: [accessLog.http],
      http_filters: [...http_filters, router],
      route_config: {
        name: cluster,
        virtual_hosts: [
          { name: cluster, domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }] },
        ],
      },
    },
  );
}

const BASE = { normalize_path: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' } as const;

/** istio: pilot/pkg/networking/core/listener_builder.go:buildHTTPConnectionManager */
const NORMALIZATIONS: Readonly<Record<Normalization, Message>> = {
  NONE: { ...BASE, normalize_path: false },
  BASE,
  DEFAULT: BASE,
  MERGE_SLASHES: { ...BASE, merge_slashes: true },
  DECODE_AND_MERGE_SLASHES: {
    ...BASE,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
  },
};

/** istio: pilot/pkg/security/authn/utils/utils.go:BuildInboundTLS; one prefix for each name of the trust domain. */
function mutualTls({ certificate, mesh }: Sidecar): Message {
  const names = [mesh.trustDomain, ...mesh.trustDomainAliases];
  return extension('envoy.transport_sockets.tls', 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    require_client_certificate: true,
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
      tls_certificates: [
        {
          certificate_chain: { inline_string: certificate.chain },
          private_key: { inline_string: certificate.key },
        },
      ],
      validation_context: {
        trusted_ca: { inline_string: certificate.root },
        match_typed_subject_alt_names: names.map((name) => ({
          san_type: 'URI',
          matcher: { prefix: `spiffe://${name}/` },
        })),
      },
    },
  });
}
