/** Which inbound filter chain of a sidecar takes a connection, and what that means for who sent it. */
import type { FlowCertificate } from './expectation.ts';
import type { MtlsMode } from './peer-authentication.ts';
import type { ChainClass } from './protocol.ts';

/** What arrives: the application's bytes, in a TLS handshake or not. */
export interface Arrival {
  /** What the connection (or the TLS session) carries; `silent`: the client waits for the server. */
  readonly bytes: 'http' | 'tcp' | 'silent';
  readonly handshake: Handshake | null;
}

export interface Handshake {
  /** Offered ALPN, in order. */
  readonly alpn: readonly string[];
  readonly certificate: FlowCertificate;
  /** SPIFFE id in the certificate; null without one. */
  readonly identity: string | null;
  readonly maxVersion: '1.2' | '1.3';
  /** SNI; absent: none is sent. */
  readonly serverName?: string;
}

export type ChainChoice =
  | { readonly kind: 'none'; readonly isTls: boolean }
  /** The inspectors wait for bytes that never come. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'plaintext'; readonly layer: 'http' | 'tcp' }
  | { readonly kind: 'mtls'; readonly layer: 'http' | 'tcp' }
  /** TLS that is not for the proxy: its bytes go to the application. */
  | { readonly kind: 'opaque-tls' };

const HTTP_ALPN: ReadonlySet<string> = new Set(['istio-http/1.0', 'istio-http/1.1', 'istio-h2']);
const TCP_ALPN: ReadonlySet<string> = new Set(['istio-peer-exchange', 'istio']);

/**
 * istio: pilot/pkg/networking/core/filterchain_options.go and listener.go (ALPN sets); among the offered names the first
 * that has a chain wins, as Envoy matches in the client's order (measured on 1.36.4).
 */
export function chooseChain(mode: MtlsMode, chain: ChainClass, arrival: Arrival): ChainChoice {
  const { bytes, handshake } = arrival;
  if (handshake === null) return plaintextChain(mode, chain, bytes);
  // DISABLE installs no TLS inspector: the handshake is nothing but bytes.
  if (mode === 'DISABLE') return chain === 'http' ? { kind: 'plaintext', layer: 'http' } : { kind: 'opaque-tls' };
  // Under STRICT only the HTTP names have a chain of their own; any other TLS falls to the TCP chain.
  const istio = handshake.alpn.find((name) => HTTP_ALPN.has(name) || (mode === 'PERMISSIVE' && TCP_ALPN.has(name)));
  const isHttpAlpn = istio !== undefined && HTTP_ALPN.has(istio);
  if (istio === undefined && mode === 'PERMISSIVE') {
    return chain === 'http' ? { kind: 'none', isTls: true } : { kind: 'opaque-tls' };
  }
  switch (chain) {
    case 'http':
      return { kind: 'mtls', layer: 'http' };
    case 'tcp':
      return { kind: 'mtls', layer: 'tcp' };
    case 'auto':
      return { kind: 'mtls', layer: isHttpAlpn ? 'http' : 'tcp' };
  }
}

function plaintextChain(mode: MtlsMode, chain: ChainClass, bytes: Arrival['bytes']): ChainChoice {
  if (mode === 'STRICT') return bytes === 'silent' ? { kind: 'waiting' } : { kind: 'none', isTls: false };
  switch (chain) {
    case 'http':
      return bytes === 'silent' && mode === 'PERMISSIVE' ? { kind: 'waiting' } : { kind: 'plaintext', layer: 'http' };
    case 'tcp':
      return bytes === 'silent' && mode === 'PERMISSIVE' ? { kind: 'waiting' } : { kind: 'plaintext', layer: 'tcp' };
    case 'auto':
      if (bytes === 'silent') return { kind: 'waiting' };
      return { kind: 'plaintext', layer: bytes === 'http' ? 'http' : 'tcp' };
  }
}
