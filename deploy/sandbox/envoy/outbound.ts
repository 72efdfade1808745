/** A sidecar's outbound side: where captured traffic enters, and one listener for each service port. */
import type { SidecarPlan, UpstreamService } from '../data-plane.ts';
import { PASSTHROUGH, passthroughCluster, serviceCluster, serviceClusterName } from './clusters.ts';
import { announceHttp, outboundHttp } from './http.ts';
import { extension, ownSocket, socketAddress } from './message.ts';
import type { Message } from './message.ts';
import { HTTP_INSPECTOR, tcpProxy, WAIT_FOR_FIRST_BYTES } from './tcp.ts';

/** Restores the destination that the caller dialled from the PROXY protocol header that comes first. */
const ORIGINAL_DESTINATION = extension(
  'envoy.filters.listener.proxy_protocol',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
);

/** A listener without a socket: the capture point hands connections over to it by their original destination. */
const UNBOUND = { traffic_direction: 'OUTBOUND', bind_to_port: false } as const;

export function outboundSide(plan: SidecarPlan): {
  readonly listeners: readonly Message[];
  readonly clusters: readonly Message[];
} {
  const httpPorts = new Set(plan.outbound.filter(({ protocol }) => protocol === 'http').map(({ port }) => port));
  return {
    listeners: [capturePoint(plan), ...plan.outbound.map(serviceListener), ...[...httpPorts].map(unknownHttpListener)],
    clusters: [passthroughCluster(), ...plan.outbound.map((service) => serviceCluster(service, plan.certificate))],
  };
}

/** What no service listener takes goes through in plaintext, as bytes (ALLOW_ANY). */
function capturePoint(plan: SidecarPlan): Message {
  return {
    name: 'virtualOutbound',
    traffic_direction: 'OUTBOUND',
    ...ownSocket(plan.capture),
    use_original_dst: true,
    listener_filters: [ORIGINAL_DESTINATION],
    filter_chains: [{ filters: [tcpProxy(PASSTHROUGH)] }],
  };
}

function serviceListener(service: UpstreamService): Message {
  const cluster = serviceClusterName(service);
  const http = outboundHttp(cluster, httpAnnouncement(service));
  const frame = { ...UNBOUND, name: cluster, address: socketAddress(service.virtualAddress) };
  switch (service.protocol) {
    case 'http':
      return { ...frame, filter_chains: [{ filters: [http] }] };
    case 'tcp':
      return { ...frame, filter_chains: [{ filters: [tcpProxy(cluster)] }] };
    case 'auto':
      return {
        ...frame,
        ...WAIT_FOR_FIRST_BYTES,
        listener_filters: [HTTP_INSPECTOR],
        filter_chains: [
          { filter_chain_match: { application_protocols: ['http/1.1', 'h2c'] }, filters: [http] },
          { filters: [tcpProxy(cluster)] },
        ],
      };
  }
}

/** Other addresses on a port where some service speaks HTTP: understood as HTTP and passed through (istio: pilot/pkg/networking/core/listener.go, `0.0.0.0_<port>`). */
function unknownHttpListener(port: number): Message {
  return {
    ...UNBOUND,
    name: `0.0.0.0_${String(port)}`,
    address: socketAddress({ host: '0.0.0.0', port }),
    filter_chains: [{ filters: [outboundHttp(PASSTHROUGH, [])] }],
  };
}

/** Clusters that the user set to SIMPLE keep their own ALPN (istio: pilot/pkg/networking/util/util.go:AddALPNOverrideToMetadata). */
function httpAnnouncement(service: UpstreamService): readonly Message[] {
  return service.endpoints.some(({ tls }) => tls === 'simple') ? [] : [announceHttp()];
}
