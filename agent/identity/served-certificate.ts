/** Reads the certificate that a peer served, and says what is wrong with it. */
import type { X509Certificate } from 'node:crypto';
import type { PeerCertificate as TlsPeerCertificate, TLSSocket } from 'node:tls';
import type { IdentityFault, PeerCertificate } from '../../proto/outcome.ts';
import { peerChain } from '../../proto/peer-chain.ts';

type Read = Omit<PeerCertificate, 'fault'>;

/** By their DER. Peers serve the same certificate for hours, and to read a chain costs as much as a signature. */
const read = new Map<string, Read>();
const MOST_READ = 1000;

/**
 * Reads the certificate of the peer on the other side of a finished handshake; undefined where it served none. The chain
 * was judged by OpenSSL against the roots of the secure context, the identity is judged here (Istio's certificates have a
 * URI name only, so that no host name check applies: istio: security/pkg/pki/util/san.go).
 * @param peerIdentities SPIFFE ids that it may have; empty: any.
 */
export function servedCertificate(tls: TLSSocket, peerIdentities: readonly string[]): PeerCertificate | undefined {
  // An empty object where none was served, whatever its type says.
  const leaf: Partial<TlsPeerCertificate> = tls.getPeerCertificate();
  if (leaf.raw === undefined) return undefined;
  const known = read.get(leaf.raw.toString('latin1')) ?? readNow(tls, leaf.raw);
  if (known === undefined) return undefined;
  return { ...known, fault: faultOf(known.spiffeId, peerIdentities, authorizationError(tls)) };
}

function readNow(tls: TLSSocket, der: Buffer): Read | undefined {
  const known = readChain(peerChain(tls));
  if (known === undefined) return undefined;
  if (read.size >= MOST_READ) read.clear();
  read.set(der.toString('latin1'), known);
  return known;
}

function readChain(chain: readonly X509Certificate[]): Read | undefined {
  const [leaf] = chain;
  const top = chain.at(-1);
  if (leaf === undefined || top === undefined) return undefined;
  return {
    spiffeId: spiffeIdIn(leaf),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    issuerFingerprint: top.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** The one URI name that is a SPIFFE id; null where there is none. */
function spiffeIdIn(certificate: X509Certificate): string | null {
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
