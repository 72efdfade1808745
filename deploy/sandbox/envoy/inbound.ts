/** A sidecar's inbound listeners: which filter chain takes which bytes, for every protocol and mode. */
import type { InboundPort, SidecarPlan } from '../data-plane.ts';
import type { ChainProtocol, PortMode } from '../reality.ts';
import { inboundCluster, inboundClusterName } from './clusters.ts';
import { inboundHttp } from './http.ts';
import { ownSocket } from './message.ts';
import type { Message } from './message.ts';
import { authorizationFilters } from './rbac.ts';
import { HTTP_INSPECTOR, tcpProxy, TLS_INSPECTOR, WAIT_FOR_FIRST_BYTES } from './tcp.ts';
import { mutualTlsServer } from './tls.ts';

type EnforcedMode = Exclude<PortMode, 'uncaptured'>;

interface Chain {
  readonly match: Message;
  readonly transport: 'mtls' | 'raw';
  readonly layer: 'http' | 'tcp';
}

const HTTP_ALPN = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const TCP_ALPN = ['istio-peer-exchange', 'istio'];
const ISTIO_ALPN = [...HTTP_ALPN, ...TCP_ALPN];
const SNIFFED_HTTP = ['http/1.1', 'h2c'];

const tls = (alpn?: readonly string[]): Message => ({
  transport_protocol: 'tls',
  ...(alpn !== undefined && { application_protocols: alpn }),
});
const raw: Message = { transport_protocol: 'raw_buffer' };
const rawHttp: Message = { ...raw, application_protocols: SNIFFED_HTTP };

/** istio: pilot/pkg/networking/core/filterchain_options.go; bytes that no chain matches end in a reset. */
const CHAINS: Readonly<Record<ChainProtocol, Readonly<Record<EnforcedMode, readonly Chain[]>>>> = {
  http: {
    DISABLE: [{ match: raw, transport: 'raw', layer: 'http' }],
    PERMISSIVE: [
      { match: tls(ISTIO_ALPN), transport: 'mtls', layer: 'http' },
      { match: raw, transport: 'raw', layer: 'http' },
    ],
    STRICT: [{ match: tls(), transport: 'mtls', layer: 'http' }],
  },
  tcp: {
    DISABLE: [{ match: raw, transport: 'raw', layer: 'tcp' }],
    PERMISSIVE: [
      { match: tls(ISTIO_ALPN), transport: 'mtls', layer: 'tcp' },
      { match: tls(), transport: 'raw', layer: 'tcp' },
      { match: raw, transport: 'raw', layer: 'tcp' },
    ],
    STRICT: [{ match: tls(), transport: 'mtls', layer: 'tcp' }],
  },
  auto: {
    DISABLE: [
      { match: rawHttp, transport: 'raw', layer: 'http' },
      { match: raw, transport: 'raw', layer: 'tcp' },
    ],
    PERMISSIVE: [
      { match: tls(HTTP_ALPN), transport: 'mtls', layer: 'http' },
      { match: rawHttp, transport: 'raw', layer: 'http' },
      { match: tls(TCP_ALPN), transport: 'mtls', layer: 'tcp' },
      { match: raw, transport: 'raw', layer: 'tcp' },
      { match: tls(), transport: 'raw', layer: 'tcp' },
    ],
    STRICT: [
      { match: tls(HTTP_ALPN), transport: 'mtls', layer: 'http' },
      { match: tls(), transport: 'mtls', layer: 'tcp' },
    ],
  },
};

/** One listener a captured port, on the pod's address, and the cluster of the app behind it. */
export function inboundSide(plan: SidecarPlan): {
  readonly listeners: readonly Message[];
  readonly clusters: readonly Message[];
} {
  const captured = plan.inbound.flatMap((port) => (port.mode === 'uncaptured' ? [] : [{ port, mode: port.mode }]));
  return {
    listeners: captured.map(({ port, mode }) => listener(plan, port, mode)),
    clusters: captured.map(({ port }) => inboundCluster(port.port, port.appAddress)),
  };
}

function listener(plan: SidecarPlan, port: InboundPort, mode: EnforcedMode): Message {
  return {
    name: `inbound ${String(port.port)}`,
    traffic_direction: 'INBOUND',
    ...ownSocket(port.listen),
    ...WAIT_FOR_FIRST_BYTES,
    listener_filters: inspectors(port.chain, mode),
    filter_chains: CHAINS[port.chain][mode].map((chain) => filterChain(plan, port, chain)),
  };
}

/** DISABLE looks for no TLS, so TLS bytes count as any others there. */
function inspectors(protocol: ChainProtocol, mode: EnforcedMode): readonly Message[] {
  return [...(mode === 'DISABLE' ? [] : [TLS_INSPECTOR]), ...(protocol === 'auto' ? [HTTP_INSPECTOR] : [])];
}

function filterChain(plan: SidecarPlan, port: InboundPort, chain: Chain): Message {
  const cluster = inboundClusterName(port.port);
  const authorization = authorizationFilters(
    plan.authorization,
    chain.layer,
    (wanted) => plan.inbound.find(({ port: number }) => number === wanted)?.listen.port ?? wanted,
  );
  return {
    filter_chain_match: chain.match,
    filters: chain.layer === 'http' ? [inboundHttp(cluster, authorization)] : [...authorization, tcpProxy(cluster)],
    ...(chain.transport === 'mtls' && { transport_socket: mutualTlsServer(plan.certificate, plan.trustDomain) }),
  };
}
