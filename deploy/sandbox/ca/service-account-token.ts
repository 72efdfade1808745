/** Service account tokens of the sandbox: JWTs in the shape of Kubernetes' projected ones, signed with a secret of this process. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SANDBOX_LIFETIME_MS } from './mesh-root.ts';

export interface ServiceAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface TokenIssuer {
  readonly issue: (account: ServiceAccount, audience: string) => string;
  /** Whose token it is; undefined: not issued here, expired, or for another audience. */
  readonly review: (token: string, audience: string) => ServiceAccount | undefined;
}

/** istiod's default of TOKEN_AUDIENCES. */
export const ISTIO_CA_AUDIENCE = 'istio-ca';
const LIFETIME_S = SANDBOX_LIFETIME_MS / 1000;

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly sub: string;
}

export function createTokenIssuer(nowMs: () => number): TokenIssuer {
  const secret = randomBytes(32);
  const signatureOf = (signed: string): Buffer => createHmac('sha256', secret).update(signed).digest();
  return {
    issue: ({ namespace, serviceAccount }, audience) => {
      const issuedAt = Math.floor(nowMs() / 1000);
      const claims = {
        iss: 'https://sandbox.meshproof.io',
        aud: [audience],
        iat: issuedAt,
        exp: issuedAt + LIFETIME_S,
        sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
      };
      const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      return `${signed}.${signatureOf(signed).toString('base64url')}`;
    },
    review: (token, audience) => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = signatureOf(`${header}.${payload}`);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      // The signature says that these are claims as they were written above.
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      if (!claims.aud.includes(audience) || claims.exp * 1000 <= nowMs()) return undefined;
      const [, , namespace, serviceAccount] = claims.sub.split(':');
      return namespace === undefined || serviceAccount === undefined ? undefined : { namespace, serviceAccount };
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
