/** Writes TLS alerts that Node's server cannot send: it lets OpenSSL accept every client certificate and only then looks. */
import { createCipheriv, createHmac, type CipherGCMTypes } from 'node:crypto';

/** Alert numbers of RFC 8446 6.2, as BoringSSL chooses them for certificates. */
export const ALERT = {
  badCertificate: 42,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownCa: 48,
} as const;

export type AlertNumber = (typeof ALERT)[keyof typeof ALERT];

const FATAL = 2;
const ALERT_RECORD = 21;
const APPLICATION_RECORD = 23;
const TAG_BYTES = 16;
const IV_BYTES = 12;

type Aead = CipherGCMTypes | 'chacha20-poly1305';

const CIPHERS: Readonly<
  Record<string, { readonly aead: Aead; readonly keyBytes: number; readonly hash: string } | undefined>
> = {
  TLS_AES_128_GCM_SHA256: { aead: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  TLS_AES_256_GCM_SHA384: { aead: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  TLS_CHACHA20_POLY1305_SHA256: { aead: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
};

/** A TLS 1.2 alert before the server has switched to encryption. */
export function plainAlert(alert: AlertNumber): Buffer {
  return Buffer.from([ALERT_RECORD, 3, 3, 0, 2, FATAL, alert]);
}

/**
 * A TLS 1.3 alert as the first record under the server's application keys (RFC 8446 5.2, 5.3, 7.3).
 * `trafficSecret` is SERVER_TRAFFIC_SECRET_0 of the key log. Undefined: a cipher suite that is not known here.
 */
export function firstSealedAlert(alert: AlertNumber, cipherSuite: string, trafficSecret: Buffer): Buffer | undefined {
  const cipher = CIPHERS[cipherSuite];
  if (cipher === undefined) return undefined;
  const key = expandLabel(cipher.hash, trafficSecret, 'key', cipher.keyBytes);
  // The nonce is the iv, XORed with the record's number, which is 0.
  const nonce = expandLabel(cipher.hash, trafficSecret, 'iv', IV_BYTES);
  const inner = Buffer.from([FATAL, alert, ALERT_RECORD]);
  const header = Buffer.from([APPLICATION_RECORD, 3, 3, 0, inner.length + TAG_BYTES]);
  const seal =
    cipher.aead === 'chacha20-poly1305'
      ? createCipheriv(cipher.aead, key, nonce, { authTagLength: TAG_BYTES })
      : createCipheriv(cipher.aead, key, nonce);
  seal.setAAD(header, { plaintextLength: inner.length });
  const sealed = Buffer.concat([seal.update(inner), seal.final()]);
  return Buffer.concat([header, sealed, seal.getAuthTag()]);
}

/** HKDF-Expand-Label of RFC 8446 7.1 with an empty context; one block is enough for every key and iv. */
function expandLabel(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
