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
  if (body === undefined || key === undefined || typeof signature?.value !== 'string') throw new Error('no request');
  const publicKey = createPublicKey({ key: derOf(key), format: 'der', type: 'spki' });
  const signed = Buffer.from(signature.value.slice(1), 'latin1');
  if (!verify('sha256', derOf(body), publicKey, signed)) throw new Error('the request is not signed by its key');
  return publicKey;
}

function childrenOf(node: forge.asn1.Asn1 | undefined): readonly forge.asn1.Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

function derOf(node: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}
