/** X.509 certificates and certificate requests: DER laid out by node-forge, signed by node:crypto (P-256 throughout). */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import forge from 'node-forge';
import { ipv4Bytes, ipv6Bytes } from './ip-address.ts';

const { asn1 } = forge;
type Node = forge.asn1.Asn1;

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Who signs: a key and the name that its certificates bear. */
export interface Issuer extends KeyPair {
  readonly organization: string;
}

export interface CertificateOptions {
  readonly issuer: Issuer;
  readonly publicKey: KeyObject;
  /** Organization in the subject; empty: an empty subject, as Istio's workload certificates have. */
  readonly organization: string;
  /** URI, DNS and IP subject alternative names; what a name is follows from its form. */
  readonly names: readonly string[];
  readonly isCa: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const OID = {
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
};
/** Bits of keyUsage: unused bit count, then digitalSignature, or keyCertSign and cRLSign. */
const SIGNS_DATA = '\x07\x80';
const SIGNS_CERTIFICATES = '\x01\x06';
/** Tags whose meaning is the structure's at hand. */
const TAG = { version: 0, attributes: 0, keyIdentifier: 0, dnsName: 2, extensions: 3, uri: 6, ipAddress: 7 };

/** forge's own type knows the universal tags only. */
const create: (tagClass: number, tag: number, isConstructed: boolean, value: string | Node[]) => Node = asn1.create;

export function generateKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** PEM of a certificate that is signed by the issuer. */
export function signCertificate(options: CertificateOptions): string {
  const { issuer } = options;
  const body = sequence(
    explicit(TAG.version, integer('\x02')),
    integer(`\x01${randomBytes(15).toString('latin1')}`),
    sequence(oid(OID.ecdsaWithSha256)),
    nameOf(issuer.organization),
    sequence(time(options.notBeforeMs), time(options.notAfterMs)),
    nameOf(options.organization),
    publicKeyNode(options.publicKey),
    explicit(TAG.extensions, sequence(...extensions(options))),
  );
  return pem('CERTIFICATE', signed(body, issuer.privateKey));
}

/** PEM of a PKCS#10 request with an empty subject: istiod takes the identity from the caller's token alone. */
export function certificateRequest({ privateKey, publicKey }: KeyPair): string {
  const attributes = create(asn1.Class.CONTEXT_SPECIFIC, TAG.attributes, true, []);
  const body = sequence(integer('\x00'), nameOf(''), publicKeyNode(publicKey), attributes);
  return pem('CERTIFICATE REQUEST', signed(body, privateKey));
}

function extensions(options: CertificateOptions): readonly Node[] {
  const { isCa } = options;
  const names = options.names.map(generalName);
  const authority = contextPrimitive(TAG.keyIdentifier, keyIdentifier(options.issuer.publicKey));
  const purposes = sequence(oid(OID.serverAuth), oid(OID.clientAuth));
  return [
    extension(OID.keyUsage, true, primitive(asn1.Type.BITSTRING, isCa ? SIGNS_CERTIFICATES : SIGNS_DATA)),
    ...(isCa ? [] : [extension(OID.extendedKeyUsage, false, purposes)]),
    extension(OID.basicConstraints, true, sequence(...(isCa ? [primitive(asn1.Type.BOOLEAN, '\xff')] : []))),
    extension(OID.subjectKeyIdentifier, false, octets(keyIdentifier(options.publicKey))),
    extension(OID.authorityKeyIdentifier, false, sequence(authority)),
    // Critical where the subject is empty: RFC 5280, section 4.2.1.6.
    ...(names.length === 0 ? [] : [extension(OID.subjectAltName, options.organization === '', sequence(...names))]),
  ];
}

/** RFC 5280, section 4.2.1.6. */
function generalName(name: string): Node {
  if (isIPv4(name)) return contextPrimitive(TAG.ipAddress, ipv4Bytes(name).toString('latin1'));
  if (isIPv6(name)) return contextPrimitive(TAG.ipAddress, ipv6Bytes(name).toString('latin1'));
  return contextPrimitive(name.includes('://') ? TAG.uri : TAG.dnsName, name);
}

function extension(id: string, isCritical: boolean, value: Node): Node {
  const critical = isCritical ? [primitive(asn1.Type.BOOLEAN, '\xff')] : [];
  return sequence(oid(id), ...critical, octets(asn1.toDer(value).getBytes()));
}

function signed(body: Node, key: KeyObject): Node {
  const signature = sign('sha256', Buffer.from(asn1.toDer(body).getBytes(), 'latin1'), key).toString('latin1');
  return sequence(body, sequence(oid(OID.ecdsaWithSha256)), primitive(asn1.Type.BITSTRING, `\x00${signature}`));
}

function nameOf(organization: string): Node {
  if (organization === '') return sequence();
  const attribute = sequence(oid(OID.organization), primitive(asn1.Type.UTF8, organization));
  return sequence(create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [attribute]));
}

function publicKeyNode(key: KeyObject): Node {
  return asn1.fromDer(key.export({ type: 'spki', format: 'der' }).toString('latin1'));
}

function keyIdentifier(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return createHash('sha1').update(der).digest().toString('latin1');
}

/** UTCTime up to 2049, GeneralizedTime after: RFC 5280, section 4.1.2.5. */
function time(timeMs: number): Node {
  const date = new Date(timeMs);
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

function sequence(...children: readonly Node[]): Node {
  return create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [...children]);
}

function explicit(tag: number, child: Node): Node {
  return create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [child]);
}

function contextPrimitive(tag: number, bytes: string): Node {
  return create(asn1.Class.CONTEXT_SPECIFIC, tag, false, bytes);
}

function primitive(type: number, bytes: string): Node {
  return create(asn1.Class.UNIVERSAL, type, false, bytes);
}

function integer(bytes: string): Node {
  return primitive(asn1.Type.INTEGER, bytes);
}

function octets(bytes: string): Node {
  return primitive(asn1.Type.OCTETSTRING, bytes);
}

function oid(id: string): Node {
  return primitive(asn1.Type.OID, asn1.oidToDer(id).getBytes());
}

function pem(label: string, node: Node): string {
  const base64 = Buffer.from(asn1.toDer(node).getBytes(), 'latin1').toString('base64');
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;
}
