/** The certificate of a session server, where nobody provides one: self-signed, so that it is its own CA. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { generateKeyPair, privateKeyPem, signCertificate } from '../../proto/x509.ts';

/** PEM texts. */
export interface ServingCertificate {
  readonly key: string;
  readonly certificate: string;
}

const HOUR_MS = 3_600_000;

const DAY_MS = 24 * HOUR_MS;
const LASTING_MS = 5 * 365 * DAY_MS;
/** One with less left is replaced when a controller starts. */
const ENOUGH_MS = 365 * DAY_MS;

/** Where a certificate is kept from one controller to the next. */
export interface KeptCertificate {
  /** Null: there is none yet. */
  readonly kept: ServingCertificate | null;
  readonly keep: (certificate: ServingCertificate) => Promise<void>;
}

/** The one that was kept, if it is for these names and lasts; a new one that does, kept from now on, otherwise. */
export async function lastingCertificate(
  names: readonly string[],
  nowMs: number,
  { kept, keep }: KeptCertificate,
): Promise<ServingCertificate> {
  if (kept !== null && isFor(kept, names, nowMs)) return kept;
  const made = makeServingCertificate(names, nowMs, LASTING_MS);
  await keep(made);
  return made;
}

function isFor({ certificate }: ServingCertificate, names: readonly string[], nowMs: number): boolean {
  const known = new X509Certificate(certificate);
  // Each of the two throws at what is for the other.
  const isNamed = (name: string): boolean =>
    (isIP(name) === 0 ? known.checkHost(name) : known.checkIP(name)) !== undefined;
  const isValid = known.validFromDate.getTime() <= nowMs && known.validToDate.getTime() - nowMs > ENOUGH_MS;
  return isValid && names.every(isNamed);
}

/** ECDSA P-256, valid from an hour ago (agents' clocks may be slow), for DNS names and IP addresses. @param lastsMs default a day */
export function makeServingCertificate(
  names: readonly string[],
  nowMs: number,
  lastsMs: number = DAY_MS,
): ServingCertificate {
  const organization = 'meshproof';
  const issuer = { ...generateKeyPair(), organization };
  const certificate = signCertificate({
    issuer,
    publicKey: issuer.publicKey,
    organization,
    names,
    isCa: false,
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + lastsMs,
  });
  return { key: privateKeyPem(issuer.privateKey), certificate };
}
