import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import t from 'tap';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import type { TokenReading } from '../../../../../controller/fleet/kubernetes/token-check.ts';
import { verifiedTokens } from '../../../../../controller/fleet/kubernetes/token-keys.ts';
import { readingOf } from '../../../../../controller/fleet/kubernetes/token-review.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const IDENTITY = { namespace: 'shop', serviceAccount: 'web', podName: 'web-1', podUid: 'pod-uid' };

t.test('whom a TokenReview vouches for', (t) => {
  const user = {
    username: 'system:serviceaccount:shop:web',
    extra: {
      'authentication.kubernetes.io/pod-name': ['web-1'],
      'authentication.kubernetes.io/pod-uid': ['pod-uid'],
    },
  };
  const good = { authenticated: true, audiences: ['meshproof'], user };
  t.strictSame(readingOf(good), { kind: 'identity', identity: IDENTITY });
  const cases: readonly (readonly [what: string, status: Fields, why: RegExp])[] = [
    ['not authenticated', { ...good, authenticated: false, error: 'expired' }, /refuses the token: expired/],
    ['nothing at all', {}, /does not know/],
    ['a server that knows no audiences', { ...good, audiences: undefined }, /somebody else/],
    ['a token for the API server', { ...good, audiences: ['https://kubernetes.default.svc'] }, /somebody else/],
    ['a person', { ...good, user: { username: 'admin' } }, /no service account/],
    ['a token of no pod', { ...good, user: { username: user.username } }, /bound to no pod/],
  ];
  for (const [what, status, why] of cases) t.match(readingOf(status), { kind: 'refused', why }, what);
  t.end();
});

const NOW_S = Date.parse('2026-01-01T00:00:00Z') / 1000;
const CLAIMS = {
  aud: ['meshproof'],
  exp: NOW_S + 3600,
  nbf: NOW_S - 10,
  sub: 'system:serviceaccount:shop:web',
  'kubernetes.io': {
    namespace: 'shop',
    pod: { name: 'web-1', uid: 'pod-uid' },
    serviceaccount: { name: 'web', uid: 'account-uid' },
  },
};
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function token(claims: Fields, header: Fields = { alg: 'RS256', kid: 'one' }, key: KeyObject = RSA.privateKey): string {
  const signed = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return `${signed}.${signature}`;
}

function keySet(): Fields {
  const rsa = { ...RSA.publicKey.export({ format: 'jwk' }), kid: 'one' };
  const ec = { ...EC.publicKey.export({ format: 'jwk' }), kid: 'two' };
  return { keys: [rsa, ec, { kty: 'unheard-of', kid: 'three' }] };
}

function reader(): { read: (token: string) => Promise<TokenReading>; fetches: () => number } {
  let fetches = 0;
  const tokenKeys = (): Promise<Fields> => {
    fetches += 1;
    return Promise.resolve(keySet());
  };
  const read = verifiedTokens({ tokenKeys }, new ManualClock(NOW_S * 1000));
  return { read: (given) => read(given, new AbortController().signal), fetches: () => fetches };
}

t.test("whom the cluster's keys vouch for", async (t) => {
  const { read, fetches } = reader();
  const good = { kind: 'identity', identity: IDENTITY } as const;
  t.strictSame(await read(token(CLAIMS)), good);
  t.strictSame(await read(token(CLAIMS, { alg: 'ES256', kid: 'two' }, EC.privateKey)), good);
  t.strictSame(await read(token({ ...CLAIMS, aud: 'meshproof' })), good);
  t.equal(fetches(), 1, 'keys are read once');
});

t.test('whom they do not vouch for', async (t) => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const kubernetes = CLAIMS['kubernetes.io'];
  const unsigned = `${part({ alg: 'none' })}.${part(CLAIMS)}.`;
  const [head = '', , signature = ''] = token(CLAIMS).split('.');
  const cases: readonly (readonly [what: string, token: string, why: RegExp])[] = [
    ['no token', 'nonsense', /no JSON Web Token/],
    ['halves that are no JSON', 'a.b.c', /no JSON Web Token/],
    ['signed by a stranger', token(CLAIMS, undefined, stranger), /no key/],
    ['not signed', unsigned, /no key/],
    ['a public key taken for a secret', token(CLAIMS, { alg: 'HS256', kid: 'one' }), /no key/],
    ['the name of another key', token(CLAIMS, { alg: 'RS256', kid: 'two' }), /no key/],
    ['other claims under the signature', `${head}.${part({ ...CLAIMS, exp: NOW_S + 9999 })}.${signature}`, /no key/],
    ['for the API server', token({ ...CLAIMS, aud: ['https://kubernetes.default.svc'] }), /somebody else/],
    ['for nobody', token({ ...CLAIMS, aud: undefined }), /somebody else/],
    ['expired', token({ ...CLAIMS, exp: NOW_S - 31 }), /expired/],
    ['without an end', token({ ...CLAIMS, exp: undefined }), /expired/],
    ['not yet valid', token({ ...CLAIMS, nbf: NOW_S + 31 }), /not valid yet/],
    ['of no account', token({ ...CLAIMS, 'kubernetes.io': {} }), /no service account/],
    ['of no pod', token({ ...CLAIMS, 'kubernetes.io': { ...kubernetes, pod: undefined } }), /no pod/],
    ['of two accounts', token({ ...CLAIMS, sub: 'system:serviceaccount:shop:pay' }), /contradicts/],
  ];
  for (const [what, given, why] of cases) t.match(await reader().read(given), { kind: 'refused', why }, what);
});

t.test('a key that came later is looked for once a token', async (t) => {
  const { read, fetches } = reader();
  await read(token(CLAIMS));
  await read(token(CLAIMS, { alg: 'RS256', kid: 'new' }));
  t.equal(fetches(), 2);
});
