/** Which filter chains a sidecar's port has, by what the port is declared to speak and by its mTLS mode. */
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { HTTP_INSPECTOR, TLS_INSPECTOR } from '../../../deploy/sandbox/envoy/tcp.ts';
import type { PortMode } from './mtls-mode.ts';
import type { Layer } from './rbac-policy.ts';

/** `auto`: to be sniffed. */
export type PortProtocol = 'http' | 'tcp' | 'auto';

export interface Chain {
  readonly match: Message;
  readonly isMutualTls: boolean;
  readonly layer: Layer;
}

const HTTP_NAMES = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const TCP_NAMES = ['istio-peer-exchange', 'istio'];

const tls = (layer: Layer, ...names: readonly string[]): Chain => chain('tls', layer, true, names);
const opaque: Chain = chain('tls', 'tcp', false, []);
const plain = (layer: Layer, ...names: readonly string[]): Chain => chain('raw_buffer', layer, false, names);

/** istio: pilot/pkg/networking/core/filterchain_options.go:getFilterChainMatchOptions */
export function filterChains(protocol: PortProtocol, mode: PortMode): readonly Chain[] {
  const sniffed = plain('http', 'http/1.1', 'h2c');
  switch (mode) {
    case 'DISABLE':
      return protocol === 'auto' ? [sniffed, plain('tcp')] : [plain(protocol)];
    case 'STRICT':
      return protocol === 'auto' ? [tls('http', ...HTTP_NAMES), tls('tcp')] : [tls(protocol)];
    case 'PERMISSIVE':
      if (protocol === 'auto')
        return [tls('http', ...HTTP_NAMES), sniffed, tls('tcp', ...TCP_NAMES), plain('tcp'), opaque];
      return [tls(protocol, ...HTTP_NAMES, ...TCP_NAMES), plain(protocol), ...(protocol === 'tcp' ? [opaque] : [])];
  }
}

/** istio: pilot/pkg/networking/core/listener_builder.go: inspectors are left out where no chain asks for what they find. */
export function inspectors(protocol: PortProtocol, mode: PortMode): readonly Message[] {
  return [...(mode === 'DISABLE' ? [] : [TLS_INSPECTOR]), ...(protocol === 'auto' ? [HTTP_INSPECTOR] : [])];
}

function chain(transport: string, layer: Layer, isMutualTls: boolean, names: readonly string[]): Chain {
  const match = { transport_protocol: transport, ...(names.length > 0 && { application_protocols: names }) };
  return { match, isMutualTls, layer };
}
