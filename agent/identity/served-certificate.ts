/** Reads the certificate that a peer served, and says what is wrong with it. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { IdentityFault, PeerCertificate } from '../../proto/outcome.ts';

/** A served chain is short; one that is longer than this is not followed to its end. */
const MAX_CHAIN = 10;

/**
 * The certificate of the peer on the other side of a finished handshake; undefined where it served none. The chain was
 * judged by OpenSSL against the roots of the secure context, the identity is judged here (Istio's certificates have a
 * URI name only, so that no host name check applies: istio: security/pkg/pki/util/san.go).
 * @param peerIdentities SPIFFE ids that it may have; empty: any.
 */
export function servedCertificate(tls: TLSSocket, peerIdentities: readonly string[]): PeerCertificate | undefined {
  const leaf = tls.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  const spiffeId = spiffeIdIn(leaf);
  return {
    spiffeId,
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    issuerFingerprint: topOf(leaf).fingerprint256.replaceAll(':', '').toLowerCase(),
    fault: faultOf(spiffeId, peerIdentities, authorizationError(tls)),
  };
}

/** The one URI name that is a SPIFFE id; null where there is none. */
export function spiffeIdIn(certificate: X509Certificate): string | null {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.find((name) => name.startsWith('URI:spiffe://'))?.slice('URI:'.length) ?? null;
}

/** The first fault that makes the others meaningless comes first: no mesh certificate at all, then its chain, then its name. */
function faultOf(
  spiffeId: string | null,
  accepted: readonly string[],
  chainError: string | null,
): IdentityFault | null {
  if (spiffeId === null) return 'no-spiffe-id';
  switch (chainError) {
    case null:
      return accepted.length > 0 && !accepted.includes(spiffeId) ? 'identity-mismatch' : null;
    case 'CERT_HAS_EXPIRED':
      return 'expired';
    case 'CERT_NOT_YET_VALID':
      return 'not-yet-valid';
    default:
      return 'untrusted-root';
  }
}

/** OpenSSL's name for what is wrong with the chain. Node's types say Error, its documentation and its code say a string. */
function authorizationError(tls: TLSSocket): string | null {
  const error: unknown = tls.authorizationError;
  if (typeof error === 'string') return error;
  return tls.authorized ? null : 'UNSPECIFIED';
}

function topOf(leaf: X509Certificate): X509Certificate {
  let top = leaf;
  for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
    const issuer = top.issuerCertificate;
    if (issuer === undefined || issuer.fingerprint256 === top.fingerprint256) break;
    top = issuer;
  }
  return top;
}
