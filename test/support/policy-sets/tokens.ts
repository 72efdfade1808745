/** JSON Web Tokens that a generated caller may carry, and the key set that they are checked with. */
import { generateKeyPairSync, sign } from 'node:crypto';

export const ISSUERS = ['https://a.example', 'https://a.example/b', 'plain'] as const;
export const AUDIENCES = ['app', 'apt'] as const;

export type Claims = Readonly<Record<string, unknown>>;

const KEY_ID = 'k';
const good = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const bad = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const JWKS = JSON.stringify({
  keys: [{ ...good.publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'ES256', use: 'sig' }],
});

/** `invalid`: the signature is another key's. */
export function bearer(claims: Claims | 'invalid'): string {
  const key = claims === 'invalid' ? bad.privateKey : good.privateKey;
  const payload = claims === 'invalid' ? { iss: ISSUERS[0], sub: 'ann', aud: AUDIENCES } : claims;
  const text = [{ alg: 'ES256', kid: KEY_ID, typ: 'JWT' }, payload].map(encoded).join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `Bearer ${text}.${signature.toString('base64url')}`;
}

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
