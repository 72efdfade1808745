/** HTTP connection managers of the three kinds: a sidecar's inbound and outbound side, and a gateway. */
import { extension } from './message.ts';
import type { Message } from './message.ts';

export interface VirtualHost {
  readonly domains: readonly string[];
  readonly cluster: string;
}

const ROUTER = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router');

/** What every kind has: Istio's default path normalization, websocket upgrades, no deadline of its own. */
function connectionManager(
  name: string,
  hosts: readonly VirtualHost[],
  filters: readonly Message[],
  side: Message,
): Message {
  return extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: name,
      normalize_path: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      http_filters: [...filters, ROUTER],
      route_config: {
        name,
        ignore_port_in_host_matching: true,
        virtual_hosts: hosts.map(({ domains, cluster }) => ({
          name: `${cluster} ${domains.join(' ')}`,
          domains,
          routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }],
        })),
      },
      ...side,
    },
  );
}

/** Passes everything to the app, with the caller's identity in x-forwarded-client-cert (istio: pilot/pkg/networking/core/listener_builder.go). */
export function inboundHttp(cluster: string, authorization: readonly Message[]): Message {
  return connectionManager(cluster, [{ domains: ['*'], cluster }], authorization, {
    server_name: 'istio-envoy',
    forward_client_cert_details: 'APPEND_FORWARD',
    set_current_client_cert_details: { subject: true, dns: true, uri: true },
  });
}

/** Sends everything to one service; callers chose it by its address. */
export function outboundHttp(cluster: string, filters: readonly Message[]): Message {
  return connectionManager(cluster, [{ domains: ['*'], cluster }], filters, {});
}

/** Routes by Host header; what no host matches gets a 404. */
export function gatewayHttp(name: string, hosts: readonly VirtualHost[]): Message {
  return connectionManager(name, hosts, [announceHttp()], {
    server_name: 'istio-envoy',
    use_remote_address: true,
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { subject: true, uri: true },
  });
}

/**
 * Tells the server's proxy in the TLS handshake which HTTP follows, request by request.
 * Istio's own filter `istio.alpn` does this (istio: pilot/pkg/xds/filters/filters.go:Alpn); it is not part of upstream Envoy.
 */
export function announceHttp(): Message {
  return extension('envoy.filters.http.set_filter_state', 'envoy.extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: [
      {
        object_key: 'envoy.network.application_protocols',
        format_string: {
          text_format_source: {
            inline_string: `%CEL(request.protocol == 'HTTP/2' ? 'istio-h2,istio,h2' : 'istio-http/1.1,istio,http/1.1')%`,
          },
        },
      },
    ],
  });
}
