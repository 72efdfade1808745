/** A certificate for one session server's life, where nobody provides one: self-signed, so that it is its own CA. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** PEM texts. */
export interface ServingCertificate {
  readonly key: string;
  readonly certificate: string;
}

const HOUR_MS = 3_600_000;

const TAG = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c, time: 0x18 } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Object identifiers, encoded: ecdsa-with-SHA256, commonName, subjectAltName. */
const OID = { ecdsaSha256: '2a8648ce3d040302', commonName: '550403', subjectAltName: '551d11' } as const;

/** ECDSA P-256, valid from an hour ago (agents' clocks may be slow) for `validForMs`, for DNS names and IPv4 addresses. */
export function makeServingCertificate(
  names: readonly string[],
  nowMs: number,
  validForMs = 24 * HOUR_MS,
): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, oid(OID.ecdsaSha256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, oid(OID.commonName), der(TAG.text, Buffer.from('meshproof')))));
  const body = der(
    SEQUENCE,
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, time(nowMs - HOUR_MS), time(nowMs + validForMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, der(SEQUENCE, oid(OID.subjectAltName), der(TAG.octets, alternativeNames(names))))),
  );
  const certificate = der(SEQUENCE, body, algorithm, signatureOf(body, privateKey));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem(certificate) };
}

function signatureOf(body: Buffer, key: KeyObject): Buffer {
  return der(TAG.bits, Buffer.from([0]), sign('sha256', body, key));
}

function alternativeNames(names: readonly string[]): Buffer {
  const encoded = names.map((name) =>
    isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return der(SEQUENCE, ...encoded);
}

function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return der(TAG.time, Buffer.from(`${digits}Z`));
}

function oid(hex: string): Buffer {
  return der(TAG.oid, Buffer.from(hex, 'hex'));
}

/** One DER element; lengths below 64 KiB. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
