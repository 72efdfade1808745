/** Reads a certificate signing request as a CA does. */
import type { KeyObject } from 'node:crypto';
import { publicKeyOfRequest } from '../../deploy/sandbox/ca/certificate-signing-request.ts';

/** The request's public key. Throws where the request is not signed by it. */
export function publicKeyOf(csrPem: string): KeyObject {
  const publicKey = publicKeyOfRequest(csrPem);
  if (publicKey === undefined) throw new Error('the request is not signed by its key');
  return publicKey;
}
