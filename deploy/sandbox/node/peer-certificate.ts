/** Judges the certificate of a TLS peer as Envoy does: chain to the root, then dates, then SPIFFE id. */
import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

export type CertificateFault = 'none-sent' | 'unknown-ca' | 'expired' | 'not-yet-valid' | 'identity';

export interface Peer {
  readonly spiffeId: string;
  /** SHA-256 of the certificate's DER, hex, as in x-forwarded-client-cert. */
  readonly hash: string;
}

export type PeerJudgement =
  { readonly kind: 'good'; readonly peer: Peer } | { readonly kind: 'bad'; readonly fault: CertificateFault };

export interface PeerRules {
  /** PEM. */
  readonly root: string;
  readonly nowMs: number;
  readonly acceptsIdentity: (spiffeId: string) => boolean;
}

/** For a connection whose handshake is done and whose peer was not judged by Node. */
export function judgePeer(socket: TLSSocket, { root, nowMs, acceptsIdentity }: PeerRules): PeerJudgement {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return { kind: 'bad', fault: 'none-sent' };
  const rootCertificate = new X509Certificate(root);
  const chain = chainTo(rootCertificate, leaf);
  if (chain === undefined) return { kind: 'bad', fault: 'unknown-ca' };
  for (const certificate of chain) {
    if (nowMs < certificate.validFromDate.getTime()) return { kind: 'bad', fault: 'not-yet-valid' };
    if (nowMs > certificate.validToDate.getTime()) return { kind: 'bad', fault: 'expired' };
  }
  const spiffeId = uriOf(leaf);
  if (spiffeId === undefined || !acceptsIdentity(spiffeId)) return { kind: 'bad', fault: 'identity' };
  return { kind: 'good', peer: { spiffeId, hash: createHash('sha256').update(leaf.raw).digest('hex') } };
}

/** The certificates from the leaf to the one that the root signed; undefined: they lead elsewhere. */
function chainTo(root: X509Certificate, leaf: X509Certificate): readonly X509Certificate[] | undefined {
  const chain: X509Certificate[] = [];
  for (let each: X509Certificate | undefined = leaf; each !== undefined; each = each.issuerCertificate) {
    const { fingerprint256 } = each;
    if (chain.some((seen) => seen.fingerprint256 === fingerprint256)) return undefined;
    chain.push(each);
    if (each.fingerprint256 === root.fingerprint256) return chain;
    if (each.checkIssued(root) && each.verify(root.publicKey)) return chain;
  }
  return undefined;
}

function uriOf(certificate: X509Certificate): string | undefined {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.find((name) => name.startsWith('URI:'))?.slice('URI:'.length);
}
