/** Plain forwarding of bytes to a cluster. */
import { extension } from './message.ts';
import type { Message } from './message.ts';

export function tcpProxy(cluster: string): Message {
  return extension('envoy.filters.network.tcp_proxy', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: cluster,
    cluster,
  });
}

/** Peeks at the first bytes for TLS, its server name and its ALPN offer. */
export const TLS_INSPECTOR = extension(
  'envoy.filters.listener.tls_inspector',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
);

/** Peeks at the first bytes for HTTP; waits for them without a deadline. */
export const HTTP_INSPECTOR = extension(
  'envoy.filters.listener.http_inspector',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
);

/** Istio's default for protocol detection is to wait for ever (istio: pkg/config/mesh/mesh.go:DefaultMeshConfig). */
export const WAIT_FOR_FIRST_BYTES = {
  listener_filters_timeout: '0s',
  continue_on_listener_filters_timeout: true,
} as const;
