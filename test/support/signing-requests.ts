/** Reads a certificate signing request as a CA does. */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';

/** The request's public key. Throws where the request is not signed by it. */
export function publicKeyOf(csrPem: string): KeyObject {
  const base64 = csrPem.replace(/-----[^-]+-----|\s/g, '');
  const request = forge.asn1.fromDer(Buffer.from(base64, 'base64').toString('latin1'));
  const [body, , signature] = childrenOf(request);
  const [, , key] = childrenOf(body);
  if (body === undefined || key === undefined || signature === undefined) throw new Error('no request');
  const publicKey = createPublicKey({ key: derOf(key), format: 'der', type: 'spki' });
  // Tag, length and count of unused bits; a P-256 signature is short enough for a length of one byte.
  if (!verify('sha256', derOf(body), publicKey, derOf(signature).subarray(3)))
    throw new Error('the request is not signed by its key');
  return publicKey;
}

function childrenOf(node: forge.asn1.Asn1 | undefined): readonly forge.asn1.Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

function derOf(node: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}
