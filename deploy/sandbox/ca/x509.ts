/** Builds X.509 v3 certificates, signed by node:crypto. */
import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, contextTagged, der, implicitTagged, objectIdentifier, sequence, TAG, utcTime } from './der.ts';

export interface CertificateRequest {
  readonly publicKey: KeyObject;
  /** Empty: an empty subject, as Istio's workload certificates have. */
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isCa: boolean;
  /** URI, DNS and IPv4 subject alternative names; what a name is follows from its form. */
  readonly names: readonly string[];
}

export interface Issuer {
  readonly commonName: string;
  /** P-256. */
  readonly key: KeyObject;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** BIT STRING contents with the count of unused bits first: keyCertSign and cRLSign; digitalSignature and keyEncipherment. */
const KEY_USAGE = { ca: Buffer.from([1, 0x06]), leaf: Buffer.from([5, 0xa0]) };
const TRUE = der(TAG.boolean, Buffer.from([0xff]));
const VERSION_3 = contextTagged(0, der(TAG.integer, Buffer.from([2])));

/** A signed certificate as PEM. */
export function signCertificate(request: CertificateRequest, issuer: Issuer): string {
  const body = toBeSigned(request, issuer);
  const signature = sign('sha256', body, issuer.key);
  const base64 = sequence(body, ecdsaAlgorithm(), bitString(signature)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** TBSCertificate of RFC 5280 4.1. */
function toBeSigned(request: CertificateRequest, issuer: Issuer): Buffer {
  const publicKey = request.publicKey.export({ type: 'spki', format: 'der' });
  return sequence(
    VERSION_3,
    der(TAG.integer, serialNumber()),
    ecdsaAlgorithm(),
    distinguishedName(issuer.commonName),
    sequence(utcTime(request.notBeforeMs), utcTime(request.notAfterMs)),
    distinguishedName(request.commonName),
    publicKey,
    contextTagged(3, sequence(...extensions(request, publicKey))),
  );
}

function extensions({ isCa, names, commonName }: CertificateRequest, publicKey: Buffer): readonly Buffer[] {
  const keyIdentifier = createHash('sha256').update(publicKey).digest().subarray(0, 20);
  const usages = [OID.serverAuth, OID.clientAuth].map(objectIdentifier);
  return [
    extension(OID.basicConstraints, true, sequence(...(isCa ? [TRUE] : []))),
    extension(OID.keyUsage, true, der(TAG.bitString, isCa ? KEY_USAGE.ca : KEY_USAGE.leaf)),
    extension(OID.subjectKeyIdentifier, false, der(TAG.octetString, keyIdentifier)),
    ...(isCa ? [] : [extension(OID.extendedKeyUsage, false, sequence(...usages))]),
    // RFC 5280 4.2.1.6: critical where the subject is empty.
    ...(names.length === 0
      ? []
      : [extension(OID.subjectAltName, commonName === '', sequence(...names.map(generalName)))]),
  ];
}

/** GeneralName of RFC 5280: dNSName [2], uniformResourceIdentifier [6], iPAddress [7]. */
function generalName(name: string): Buffer {
  if (isIP(name) === 4) return implicitTagged(7, Buffer.from(name.split('.').map(Number)));
  return implicitTagged(name.includes('://') ? 6 : 2, Buffer.from(name));
}

/** Positive, and in its shortest form: the first byte is neither 0 nor above 127. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}

function ecdsaAlgorithm(): Buffer {
  return sequence(objectIdentifier(OID.ecdsaWithSha256));
}

function distinguishedName(commonName: string): Buffer {
  if (commonName === '') return sequence();
  const attribute = sequence(objectIdentifier(OID.commonName), der(TAG.utf8String, Buffer.from(commonName)));
  return sequence(der(TAG.set, attribute));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(id), ...(isCritical ? [TRUE] : []), der(TAG.octetString, value));
}
