/** Whom a service account token stands for, by the cluster's public keys: where nobody may make TokenReviews. */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../../proto/clock.ts';
import { fields, isFields, list, text, texts } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { ProbeApi } from './probe-api.ts';
import type { ReadToken, TokenReading } from './token-check.ts';
import { AGENT_AUDIENCE } from './token-review.ts';

/** What API servers sign with: RS256 as a rule, ES256 where the key is one of P-256 (kubernetes: pkg/serviceaccount/jwt.go). */
const ALGORITHMS: Readonly<Record<string, { readonly keyType: string; readonly hash: string }>> = {
  RS256: { keyType: 'rsa', hash: 'sha256' },
  ES256: { keyType: 'ec', hash: 'sha256' },
  ES384: { keyType: 'ec', hash: 'sha384' },
  ES512: { keyType: 'ec', hash: 'sha512' },
};

/** The clocks of a cluster agree better than this. */
const LEEWAY_MS = 30_000;

interface Key {
  readonly id: string | undefined;
  readonly key: KeyObject;
}

/**
 * Every service account may read the keys (kubernetes: role system:service-account-issuer-discovery). A signature does not
 * say whether the pod still is: who takes the identity has to look. The keys are read again where one is missing.
 */
export function verifiedTokens(api: Pick<ProbeApi, 'tokenKeys'>, clock: Clock): ReadToken {
  let keys: readonly Key[] = [];
  return async (token, signal) => {
    const parts = partsOf(token);
    if (parts === undefined) return refused('the token is no JSON Web Token');
    if (!keys.some((key) => fits(key, parts))) keys = keysIn(await api.tokenKeys(signal));
    const isSigned = keys.some((key) => fits(key, parts) && isSignedBy(key, parts));
    return isSigned ? claimed(parts.claims, clock.nowMs()) : refused('no key of the cluster has signed the token');
  };
}

interface Parts {
  readonly header: Fields;
  readonly claims: Fields;
  readonly signed: string;
  readonly signature: Buffer;
}

function partsOf(token: string): Parts | undefined {
  const [header, claims, signature, ...rest] = token.split('.');
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) return undefined;
  const parsed = { header: jsonIn(header), claims: jsonIn(claims) };
  if (parsed.header === undefined || parsed.claims === undefined) return undefined;
  const signed = `${header}.${claims}`;
  return { header: parsed.header, claims: parsed.claims, signed, signature: Buffer.from(signature, 'base64url') };
}

function jsonIn(part: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function keysIn(set: Fields): readonly Key[] {
  return list(set['keys']).flatMap((given) => {
    try {
      return [{ id: text(fields(given)['kid']), key: createPublicKey({ key: fields(given), format: 'jwk' }) }];
    } catch {
      // A kind of key that this version of Node does not know has signed nothing that could be checked here.
      return [];
    }
  });
}

function fits({ id, key }: Key, { header }: Parts): boolean {
  const keyId = text(header['kid']);
  const isNamed = keyId === undefined || id === undefined || keyId === id;
  return isNamed && key.asymmetricKeyType === ALGORITHMS[text(header['alg']) ?? '']?.keyType;
}

function isSignedBy({ key }: Key, { header, signed, signature }: Parts): boolean {
  const algorithm = ALGORITHMS[text(header['alg']) ?? ''];
  if (algorithm === undefined) return false;
  return verify(algorithm.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Claims: kubernetes: pkg/serviceaccount/claims.go:privateClaims */
function claimed(claims: Fields, nowMs: number): TokenReading {
  const audiences = typeof claims['aud'] === 'string' ? [claims['aud']] : texts(claims['aud']);
  if (!audiences.includes(AGENT_AUDIENCE)) return refused('the token was made for somebody else');
  const { exp, nbf } = claims;
  if (typeof exp !== 'number' || exp * 1000 < nowMs - LEEWAY_MS) return refused('the token has expired');
  if (typeof nbf === 'number' && nbf * 1000 > nowMs + LEEWAY_MS) return refused('the token is not valid yet');
  const namespace = text(fields(claims, 'kubernetes.io')['namespace']);
  const serviceAccount = text(fields(claims, 'kubernetes.io', 'serviceaccount')['name']);
  const { name, uid } = fields(claims, 'kubernetes.io', 'pod');
  if (namespace === undefined || serviceAccount === undefined) return refused('the token is of no service account');
  if (claims['sub'] !== `system:serviceaccount:${namespace}:${serviceAccount}`)
    return refused('the token contradicts itself');
  if (typeof name !== 'string' || typeof uid !== 'string') return refused('the token is bound to no pod');
  return { kind: 'identity', identity: { namespace, serviceAccount, podName: name, podUid: uid } };
}

function refused(why: string): TokenReading {
  return { kind: 'refused', why };
}
