/** Reads the one thing that a CA of this kind takes from a PKCS #10 request: its key. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { elementsOf } from './der.ts';

/** The key of a request (RFC 2986) whose own signature is good; undefined for anything else. */
export function publicKeyOfRequest(pem: string): KeyObject | undefined {
  try {
    const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const [info, , signature] = elementsOf(elementsOf(bytes)[0]?.content ?? bytes);
    if (info === undefined || signature === undefined) return undefined;
    // CertificationRequestInfo: version, subject, subjectPKInfo, attributes.
    const publicKeyInfo = elementsOf(info.content)[2];
    if (publicKeyInfo === undefined) return undefined;
    const publicKey = createPublicKey({ key: publicKeyInfo.whole, format: 'der', type: 'spki' });
    // A BIT STRING's first byte counts unused bits.
    return verify('sha256', info.whole, publicKey, signature.content.subarray(1)) ? publicKey : undefined;
  } catch {
    // Whatever cannot be read is not a certificate request; the caller answers that it cannot be signed.
    return undefined;
  }
}
