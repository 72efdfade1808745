/** A certificate with the agent's own name from a CA that was made for it alone: no mesh may take it. */
import { generateKeyPair, privateKeyPem, signCertificate } from '../../proto/x509.ts';
import type { PresentedCertificate } from './workload-identity.ts';

const HOUR_MS = 3_600_000;
const LIFE_MS = 365 * 24 * HOUR_MS;

export function untrustedCertificate(spiffeId: string, nowMs: number): PresentedCertificate {
  const issuer = { ...generateKeyPair(), organization: 'meshproof untrusted' };
  const pair = generateKeyPair();
  const chain = signCertificate({
    issuer,
    publicKey: pair.publicKey,
    organization: '',
    names: [spiffeId],
    isCa: false,
    // Clocks of the pods may differ: it is to be refused for its CA and for nothing else.
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + LIFE_MS,
  });
  return { key: privateKeyPem(pair.privateKey), chain };
}
