/** The four ways of asking a target that are compared. */
import type { Address, Probe } from '../../../proto/vocabulary.ts';

export type Transport = 'http' | 'mtls' | 'grpc' | 'grpc-mtls';

export const TRANSPORTS: readonly Transport[] = ['http', 'mtls', 'grpc', 'grpc-mtls'];

export const TITLES: Readonly<Record<Transport, string>> = {
  http: 'plaintext HTTP',
  mtls: 'mTLS HTTP',
  grpc: 'gRPC health',
  'grpc-mtls': 'gRPC health, mTLS',
};

export const PROBES: Readonly<Record<Transport, Probe>> = {
  http: { kind: 'http', method: 'GET', path: '/' },
  mtls: { kind: 'mtls', alpn: ['http/1.1'], application: 'http' },
  grpc: { kind: 'grpc' },
  'grpc-mtls': { kind: 'mtls', alpn: ['h2'], application: 'grpc' },
};

/** In the target's certificate, for those who check a host name. */
export const TARGET_NAME = 'target.bench';
export const TARGET_ID = 'spiffe://cluster.local/ns/bench/sa/target';
export const CALLER_ID = 'spiffe://cluster.local/ns/bench/sa/caller';

/** Several, so that no pair of addresses runs out of ports. */
export const TARGET_HOSTS: readonly string[] = [1, 2, 3, 4, 5, 6, 7, 8].map((host) => `127.0.41.${String(host)}`);

/** One port on every host. */
export type TargetPorts = Readonly<Record<Transport, number>>;

export function addressesOf(ports: TargetPorts, transport: Transport): readonly Address[] {
  return TARGET_HOSTS.map((host) => ({ host, port: ports[transport] }));
}
