/** What a flow says about itself, with defaults filled in: the caller's address and identity, its bytes, its request. */
import { spiffeId } from '../../proto/vocabulary.ts';
import type { ClientBytes } from './client-route.ts';
import type { Caller } from './ends.ts';
import { podsNamed } from './ends.ts';
import type { Flow } from './expectation.ts';
import type { Handshake } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import type { HttpFacts } from './connection.ts';

export interface CallerFacts {
  readonly pod: Pod | null;
  readonly address: string | null;
  /** SPIFFE id of its service account, whether or not it shows it to anybody. */
  readonly identity: string | null;
  /** Its calls lead through a sidecar of its own. */
  readonly isProxied: boolean;
}

export function callerFacts(mesh: Mesh, caller: Caller): CallerFacts {
  switch (caller.kind) {
    case 'pod': {
      const { pod } = caller;
      return {
        pod,
        address: pod.addresses[0] ?? null,
        identity: identityOf(mesh, pod),
        isProxied: pod.outbound.isCaptured || pod.dataPlane === 'gateway',
      };
    }
    case 'outside':
      return { pod: null, address: caller.address, identity: null, isProxied: false };
    case 'kubelet':
      return { pod: null, address: null, identity: null, isProxied: false };
    case 'node':
      return { pod: null, address: mesh.nodeAddresses.get(caller.name) ?? null, identity: null, isProxied: false };
  }
}

export function identityOf(mesh: Mesh, pod: Pod): string {
  return spiffeId(mesh.trustDomain, pod.namespace, pod.serviceAccount);
}

/** What the caller itself puts on its socket. */
export function bytesOf(flow: Flow): ClientBytes {
  switch (flow.probe) {
    case 'http':
    case 'health':
      return 'http';
    case 'grpc':
      return 'grpc';
    case 'tcp':
      return 'tcp';
    case 'tcp-silent':
      return 'silent';
    case 'tls':
    case 'mtls':
    case 'hbone':
      return 'tls';
  }
}

/** The bytes that the server's filter chain finds, inside TLS where there is any. */
export function innerBytes(flow: Flow): 'http' | 'tcp' | 'silent' {
  switch (flow.probe) {
    case 'tcp':
      return 'tcp';
    case 'tcp-silent':
      return 'silent';
    case 'tls':
    case 'mtls':
      return flow.request === undefined ? 'tcp' : requestBytes(flow);
    default:
      return requestBytes(flow);
  }
}

/** A path with anything but printable ASCII is no HTTP/1.1, to Envoy's HTTP inspector as to its codec: measured on 1.36.4. */
function requestBytes({ request }: Flow): 'http' | 'tcp' {
  return /^[!-~]*$/.test(request?.path ?? '') ? 'http' : 'tcp';
}

/** The caller's own handshake; null for plaintext probes. */
export function rawHandshake(mesh: Mesh, flow: Flow, facts: CallerFacts): Handshake | null {
  if (flow.probe !== 'tls' && flow.probe !== 'mtls' && flow.probe !== 'hbone') return null;
  const certificate = flow.tls?.certificate ?? (flow.probe === 'tls' ? 'none' : 'valid');
  const [as] = flow.tls?.as === undefined ? [] : podsNamed(mesh, flow.tls.as);
  const owner = as === undefined ? facts.identity : identityOf(mesh, as);
  return {
    alpn: flow.tls?.alpn ?? [],
    certificate,
    identity: certificate === 'valid' ? owner : null,
    maxVersion: '1.3',
  };
}

/** `host` where the flow names none: the service's full name, or the pod's address. */
export function requestOf(flow: Flow, host: string): HttpFacts {
  const { request } = flow;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request?.headers ?? {})) headers[name.toLowerCase()] = value;
  return {
    host: request?.host ?? host,
    method: request?.method ?? (flow.probe === 'grpc' ? 'POST' : 'GET'),
    path: request?.path ?? (flow.probe === 'grpc' ? '/grpc.health.v1.Health/Check' : '/'),
    headers,
    ...(request?.token === undefined ? {} : { token: request.token }),
  };
}
