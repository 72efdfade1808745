/** Connects to an endpoint as a client proxy does: plaintext, TLS of its own, or Istio's mutual TLS. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { Address } from '../../../proto/vocabulary.ts';
import type { UpstreamEndpoint, UpstreamService, WorkloadCertificate } from '../data-plane.ts';
import { judgePeer } from './peer-certificate.ts';

export type Connection =
  | { readonly kind: 'connected'; readonly socket: net.Socket }
  /** `why` is Envoy's reset reason (texts as measured on Envoy 1.36). */
  | { readonly kind: 'failed'; readonly why: string };

/** Istio's default (istio: pkg/config/mesh/mesh.go, connectTimeout). */
const CONNECT_TIMEOUT_MS = 10_000;
const FAILED = 'remote connection failure';

/** What a sidecar offers, by what it carries (istio: pilot/pkg/xds/filters/filters.go, the alpn filter). */
export const CLIENT_ALPN = {
  http1: ['istio-http/1.1', 'istio', 'http/1.1'],
  h2: ['istio-h2', 'istio', 'h2'],
  tcp: ['istio'],
} as const;

/** Resolves when bytes can be sent, handshake and server verification included. Never rejects. */
export async function connectEndpoint(
  endpoint: UpstreamEndpoint,
  service: UpstreamService,
  certificate: WorkloadCertificate,
  alpn: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const plain = await connectPlain(endpoint.address, signal);
  if (plain.kind === 'failed' || endpoint.tls === 'plaintext') return plain;
  if (endpoint.tls === 'simple') {
    // SIMPLE presents nothing, and its ALPN is not Istio's (istio: pilot/pkg/networking/util/util.go:AddALPNOverrideToMetadata).
    return handshake(plain.socket, { servername: service.fqdn }, () => true);
  }
  return handshake(
    plain.socket,
    {
      key: certificate.key,
      cert: certificate.chain,
      servername: `outbound_.${String(service.port)}_._.${service.fqdn}`,
      ALPNProtocols: [...alpn],
    },
    (socket) =>
      judgePeer(socket, {
        root: certificate.root,
        nowMs: Date.now(),
        acceptsIdentity: (spiffeId) => endpoint.identities.includes(spiffeId),
      }).kind === 'good',
  );
}

/** A plaintext connection, or why there is none. */
export async function connectPlain(address: Address, signal: AbortSignal): Promise<Connection> {
  const socket = net.connect({ host: address.host, port: address.port, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  const onAbort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => {
    signal.removeEventListener('abort', onAbort);
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]) });
    return { kind: 'connected', socket };
  } catch (error) {
    socket.destroy();
    return { kind: 'failed', why: whyNotConnected(error) };
  }
}

function whyNotConnected(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') return 'connection timeout';
  const text = code === 'ECONNREFUSED' ? 'Connection refused' : (code ?? name);
  return `${FAILED}, transport failure reason: delayed connect error: ${text}`;
}

function handshake(
  raw: net.Socket,
  options: tls.ConnectionOptions,
  accepts: (socket: tls.TLSSocket) => boolean,
): Promise<Connection> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      ...options,
      socket: raw,
      // Node knows host names only; the SPIFFE id is judged here, before anything is sent.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    socket.once('secureConnect', () => {
      if (accepts(socket)) resolve({ kind: 'connected', socket });
      else {
        socket.destroy();
        resolve({ kind: 'failed', why: tlsFailure(268435581, 'SSL routines', 'CERTIFICATE_VERIFY_FAILED') });
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.destroy();
      resolve({ kind: 'failed', why: whyNoHandshake(error) });
    });
    socket.on('close', () => {
      raw.destroy();
      resolve({ kind: 'failed', why: FAILED });
    });
  });
}

/** BoringSSL's names and numbers for what Node's OpenSSL says. */
function whyNoHandshake(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNRESET') {
    // With an errno it was an RST; without, the peer closed before the handshake was done.
    return error.errno === undefined ? FAILED : tlsFailure(33554536, 'system library', 'Connection reset by peer');
  }
  if (/alert number 40/.test(error.message))
    return tlsFailure(268436496, 'SSL routines', 'SSLV3_ALERT_HANDSHAKE_FAILURE');
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return tlsFailure(268435703, 'SSL routines', 'WRONG_VERSION_NUMBER');
  }
  return `${FAILED}, transport failure reason: TLS_error: ${error.code ?? error.message}`;
}

function tlsFailure(number: number, library: string, reason: string): string {
  const detail = `|${String(number)}:${library}:OPENSSL_internal:${reason}`;
  return `${FAILED}, transport failure reason: TLS_error:${detail}:TLS_error_end`;
}
