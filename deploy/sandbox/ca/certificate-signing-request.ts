/** Reads the one thing that a CA of this kind takes from a PKCS #10 request: its key. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import forge from 'node-forge';

type Node = forge.asn1.Asn1;

/** The key of a request (RFC 2986) whose own signature is good; undefined for anything else. */
export function publicKeyOfRequest(pem: string): KeyObject | undefined {
  try {
    const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const [info, , signature] = childrenOf(forge.asn1.fromDer(bytes.toString('latin1')));
    // CertificationRequestInfo: version, subject, subjectPKInfo, attributes.
    const publicKeyInfo = childrenOf(info)[2];
    if (info === undefined || signature === undefined || publicKeyInfo === undefined) return undefined;
    const publicKey = createPublicKey({ key: derOf(publicKeyInfo), format: 'der', type: 'spki' });
    // Tag, a length of one byte (a P-256 signature is that short), and the count of unused bits.
    return verify('sha256', derOf(info), publicKey, derOf(signature).subarray(3)) ? publicKey : undefined;
  } catch {
    // Whatever cannot be read is not a certificate request; the caller answers that it cannot be signed.
    return undefined;
  }
}

function childrenOf(node: Node | undefined): readonly Node[] {
  return Array.isArray(node?.value) ? node.value : [];
}

function derOf(node: Node): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}
