/** Judges the certificate of a TLS peer as Envoy does: chain to the root, then dates, then SPIFFE id. */
import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { peerChain } from '../../../proto/peer-chain.ts';

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
  const served = peerChain(socket);
  const [leaf] = served;
  if (leaf === undefined) return { kind: 'bad', fault: 'none-sent' };
  const chain = chainTo(new X509Certificate(root), served);
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
function chainTo(root: X509Certificate, served: readonly X509Certificate[]): readonly X509Certificate[] | undefined {
  const signed = served.findIndex(
    (each) => each.fingerprint256 === root.fingerprint256 || (each.checkIssued(root) && each.verify(root.publicKey)),
  );
  return signed === -1 ? undefined : served.slice(0, signed + 1);
}

function uriOf(certificate: X509Certificate): string | undefined {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.find((name) => name.startsWith('URI:'))?.slice('URI:'.length);
}
