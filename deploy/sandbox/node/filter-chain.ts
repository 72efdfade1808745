/** Which inbound filter chain of a sidecar takes a connection (istio: pilot/pkg/networking/core/filterchain_options.go). */
import type { ChainProtocol, PortMode } from '../reality.ts';

export type CapturedMode = Exclude<PortMode, 'uncaptured'>;

/** What the inspectors saw. */
export type FirstBytes =
  | { readonly transport: 'raw'; readonly isHttp: boolean }
  | { readonly transport: 'tls'; readonly alpn: readonly string[] };

export interface FilterChain {
  readonly application: 'http' | 'tcp';
  /** Terminates mutual TLS; false: the bytes go on as they are. */
  readonly isMutualTls: boolean;
}

/** ALPN names that clients' sidecars offer for HTTP, and for TCP (istio: pilot/pkg/networking/core/listener.go). */
const HTTP_NAMES: readonly string[] = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const TCP_NAMES: readonly string[] = ['istio-peer-exchange', 'istio'];

/** Which inspectors stand before the chains. Each one waits for the client's bytes for ever. */
export function inspectorsOf(
  protocol: ChainProtocol,
  mode: CapturedMode,
): { readonly tls: boolean; readonly http: boolean } {
  return { tls: mode !== 'DISABLE', http: protocol === 'auto' };
}

/** Undefined: no chain matches, and the connection is reset. */
export function chooseChain(protocol: ChainProtocol, mode: CapturedMode, first: FirstBytes): FilterChain | undefined {
  if (first.transport === 'raw' || mode === 'DISABLE') {
    if (mode === 'STRICT') return undefined;
    const isHttp = protocol === 'auto' ? first.transport === 'raw' && first.isHttp : protocol === 'http';
    return { application: isHttp ? 'http' : 'tcp', isMutualTls: false };
  }
  // The first name that the client offers and a chain asks for decides (envoy: filter_chain_manager_impl.cc).
  const names = mode === 'STRICT' ? HTTP_NAMES : [...HTTP_NAMES, ...TCP_NAMES];
  const name = first.alpn.find((offered) => names.includes(offered));
  if (mode === 'PERMISSIVE' && name === undefined) {
    return protocol === 'http' ? undefined : { application: 'tcp', isMutualTls: false };
  }
  const isHttp = protocol === 'auto' ? name !== undefined && HTTP_NAMES.includes(name) : protocol === 'http';
  return { application: isHttp ? 'http' : 'tcp', isMutualTls: true };
}
