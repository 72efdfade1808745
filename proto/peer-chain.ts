/** The certificates behind a finished TLS handshake. */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** A served chain is short; one that is longer than this is not followed to its end. */
const MAX_CHAIN = 10;

/**
 * Leaf first, and as far up as the peer has served it or the roots of our own secure context complete it; empty where the
 * peer served none.
 *
 * The ways round: `getPeerX509Certificate` of Node up to 26.0 at least never frees the certificate that it hands out, some
 * 4 KB a call on the client's side.
 */
export function peerChain(tls: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  // Nothing served is an empty object, and a root is its own issuer.
  let each: Partial<DetailedPeerCertificate> | undefined = tls.getPeerCertificate(true);
  while (each?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new X509Certificate(each.raw));
    if (each.issuerCertificate === each) break;
    each = each.issuerCertificate;
  }
  return chain;
}
