/** A certificate for one session server's life, where nobody provides one: self-signed, so that it is its own CA. */
import { generateKeyPair, privateKeyPem, signCertificate } from '../../proto/x509.ts';

/** PEM texts. */
export interface ServingCertificate {
  readonly key: string;
  readonly certificate: string;
}

const HOUR_MS = 3_600_000;

/** ECDSA P-256, valid from an hour ago (agents' clocks may be slow) for a day, for DNS names and IPv4 addresses. */
export function makeServingCertificate(names: readonly string[], nowMs: number): ServingCertificate {
  const organization = 'meshproof';
  const issuer = { ...generateKeyPair(), organization };
  const certificate = signCertificate({
    issuer,
    publicKey: issuer.publicKey,
    organization,
    names,
    isCa: false,
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + 24 * HOUR_MS,
  });
  return { key: privateKeyPem(issuer.privateKey), certificate };
}
