/** What Istio takes a service port to speak: by appProtocol, else by the port's name, else by its number. */
import type { DeclaredProtocol } from './model.ts';

const NAMES: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'grpc',
  'http',
  'http2',
  'https',
  'tls',
  'mongo',
  'redis',
  'mysql',
  'http_proxy',
]);
const SERVER_FIRST_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** `unset`: to be sniffed. */
export type PortProtocol =
  | 'tcp'
  | 'udp'
  | 'grpc'
  | 'grpc-web'
  | 'http'
  | 'http2'
  | 'https'
  | 'tls'
  | 'mongo'
  | 'redis'
  | 'mysql'
  | 'http_proxy'
  | 'unset';

/** istio: pkg/config/kube/conversion.go:ConvertProtocol */
export function portProtocol(
  port: number,
  name: string,
  protocol: string,
  appProtocol: string | undefined,
): PortProtocol {
  if (protocol === 'UDP') return 'udp';
  const said = appProtocol ?? name;
  switch (appProtocol?.toLowerCase()) {
    case 'kubernetes.io/h2c':
      return 'http2';
    case 'kubernetes.io/ws':
      return 'http';
    case 'kubernetes.io/wss':
      return 'https';
    default:
      break;
  }
  const lower = said.toLowerCase();
  if (lower.startsWith('grpc-web')) return 'grpc-web';
  const [word = ''] = lower.split('-', 1);
  if (NAMES.has(word)) return word as PortProtocol;
  return SERVER_FIRST_PORTS.has(port) ? 'tcp' : 'unset';
}

/** istio: pilot/pkg/networking/networking.go:ModelProtocolToListenerProtocol; `grpc` has the filter chains of `http`. */
export function protocolClass(protocol: PortProtocol): DeclaredProtocol {
  switch (protocol) {
    case 'grpc':
    case 'grpc-web':
      return 'grpc';
    case 'http':
    case 'http2':
    case 'http_proxy':
      return 'http';
    case 'unset':
      return 'auto';
    default:
      return 'tcp';
  }
}

/** The application itself is said to speak TLS. */
export function isTlsProtocol(protocol: PortProtocol): boolean {
  return protocol === 'https' || protocol === 'tls';
}

/** How a sidecar's filter chains treat a port. */
export type ChainClass = 'http' | 'tcp' | 'auto';

export function chainClass(protocol: DeclaredProtocol): ChainClass {
  return protocol === 'grpc' ? 'http' : protocol;
}
