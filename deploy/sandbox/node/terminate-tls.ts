/** The server side of mutual TLS as a sidecar does it, with the alerts that Envoy sends. */
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { WorkloadCertificate } from '../data-plane.ts';
import { judgePeer, type CertificateFault, type Peer } from './peer-certificate.ts';
import { RecordGate } from './record-gate.ts';
import { ALERT, firstSealedAlert, plainAlert, type AlertNumber } from './tls-alert.ts';

export interface TlsServer {
  readonly certificate: WorkloadCertificate;
  readonly context: SecureContext;
  /** Client certificates must carry an id of this trust domain. */
  readonly trustDomain: string;
}

export interface TerminatedTls {
  readonly socket: TLSSocket;
  readonly peer: Peer;
}

/** Protocols that the server itself speaks, by chain (istio: pilot/pkg/security/authn/utils/utils.go:BuildInboundTLS). */
export const SERVER_ALPN = { http: ['h2', 'http/1.1'], tcp: ['h2', 'http/1.1'] } as const;

export function tlsServer(certificate: WorkloadCertificate, trustDomain: string): TlsServer {
  const context = createSecureContext({
    key: certificate.key,
    cert: certificate.chain,
    ca: certificate.root,
    minVersion: 'TLSv1.2',
  });
  return { certificate, context, trustDomain };
}

/**
 * Shakes hands on a connection whose ClientHello is still to be read. Undefined: the client was refused (with an alert)
 * or went away; the connection is closed or closing.
 */
export function terminateTls(
  raw: Socket,
  server: TlsServer,
  offered: readonly string[],
): Promise<TerminatedTls | undefined> {
  const gate = new RecordGate(raw);
  // Node's server refuses a client none of whose names it knows; Envoy goes on without one.
  const alpn = SERVER_ALPN.http.filter((name) => offered.includes(name));
  const socket = new TLSSocket(gate, {
    isServer: true,
    secureContext: server.context,
    requestCert: true,
    // OpenSSL then insists on a certificate (alert 116, or 40 in TLS 1.2), but leaves its judgement to us.
    rejectUnauthorized: true,
    ...(alpn.length === 0 ? {} : { ALPNProtocols: alpn }),
  });
  let trafficSecret: Buffer | undefined;
  socket.on('keylog', (line: Buffer) => {
    const [label, , secret] = line.toString('latin1').trim().split(' ');
    if (label === 'SERVER_TRAFFIC_SECRET_0') trafficSecret = Buffer.from(secret ?? '', 'hex');
  });
  return new Promise((resolve) => {
    // Who leaves before the handshake is done is done with: nobody reads yet, who would see the end of it.
    const onEnd = (): void => {
      socket.destroy();
    };
    gate.once('end', onEnd);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      resolve(undefined);
    });
    socket.once('secure', () => {
      gate.off('end', onEnd);
      const judgement = judgePeer(socket, {
        root: server.certificate.root,
        nowMs: Date.now(),
        acceptsIdentity: (spiffeId) => spiffeId.startsWith(`spiffe://${server.trustDomain}/`),
      });
      if (judgement.kind === 'good') {
        gate.open();
        resolve({ socket, peer: judgement.peer });
        return;
      }
      const alert = alertFor(judgement.fault);
      const sealed =
        trafficSecret === undefined
          ? plainAlert(alert)
          : firstSealedAlert(alert, socket.getCipher().standardName, trafficSecret);
      if (sealed !== undefined) gate.refuse(sealed);
      socket.destroy();
    });
  });
}

/** As measured on Envoy 1.36, which takes them from BoringSSL (SSL_alert_from_verify_result). */
function alertFor(fault: CertificateFault): AlertNumber {
  switch (fault) {
    case 'unknown-ca':
      return ALERT.unknownCa;
    case 'expired':
      return ALERT.certificateExpired;
    case 'identity':
      return ALERT.certificateUnknown;
    case 'not-yet-valid':
    case 'none-sent':
      return ALERT.badCertificate;
  }
}
