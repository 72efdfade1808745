/** What is attempted against each generated set: every kind of caller and probe, with random requests. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Flow, FlowRequest } from '../../../controller/declared/expectation.ts';
import { IDENTITIES, NAKED } from './cast.ts';
import { AUDIENCES, ISSUERS } from './tokens.ts';

const TOKENS: Arbitrary<FlowRequest['token']> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant('invalid' as const) },
  {
    weight: 4,
    arbitrary: fc
      .record(
        {
          iss: fc.constantFrom(...ISSUERS, 'https://unknown.example'),
          sub: fc.constantFrom('ann', 'bob', 'joann'),
          aud: fc.constantFrom(...AUDIENCES, [...AUDIENCES]),
          azp: fc.constantFrom('app', 'other'),
          groups: fc.constantFrom<string | string[]>('admin', ['dev', 'admin'], ['dev']),
          scope: fc.constantFrom('read', 'read write', 'write'),
          realm: fc.constantFrom({ roles: ['admin'] }, { roles: 'admin' }, { roles: [] }),
        },
        { requiredKeys: ['iss'] },
      )
      .map((claims) => ({ ...claims })),
  },
);

const REQUESTS: Arbitrary<FlowRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'PUT'),
    path: fc.constantFrom(
      '/',
      '/admin',
      '/admin/x',
      '/ADMIN',
      '/adm%69n',
      '//admin',
      '/./admin',
      '/x/../admin?q=1',
      '/admin?/secret',
      '/deep/secret',
      '/a/b/c',
      '/a//c',
      '/a/c',
      '/a/b%2Fc',
      '/a%2Fb',
      '/a%2fb/c',
      '/a%5Cb',
      '/a\\b',
      '/%7Eme',
      '/x*y',
      '/a/"/c',
      '/a/[b]/c',
      '/{x}',
      '//',
      '/admin#x',
      '/admin%00',
      '/\u00e9',
    ),
    host: fc.constantFrom('t.foo', 'T.FOO', 't.foo:8080', 'u.foo', 'x.t.foo'),
    kind: fc.constantFrom(undefined, undefined, 'gold', 'GOLD', 'gilded', ''),
    forwarded: fc.constantFrom(undefined, undefined, '10.1.2.3', '10.9.9.9, 10.1.2.3', '10.1.2.3, 10.9.9.9', 'nobody'),
    token: TOKENS,
  })
  .map(({ kind, forwarded, token, ...request }) => ({
    ...request,
    headers: {
      ...(kind !== undefined && { 'x-kind': kind }),
      ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
    },
    ...(token !== undefined && { token }),
  }));

const OFFERS = fc.constantFrom(
  [],
  ['istio'],
  ['istio'],
  ['istio-http/1.1'],
  ['istio-http/1.1', 'istio', 'http/1.1'],
  ['istio', 'istio-http/1.1'],
  ['http/1.1'],
);

const SOURCES = fc.constantFrom(...NAKED.map(({ namespace, name }) => `${namespace}/${name}`));
const SPEAKING_PORTS = fc.constantFrom(8080, 8080, 9090, 7070, 7070, 5000);

type Call = Omit<Flow, 'id' | 'target'>;

const PLAIN: Arbitrary<Call> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      source: SOURCES,
      port: SPEAKING_PORTS,
      probe: fc.constant('http' as const),
      request: REQUESTS,
    }),
  },
  { weight: 2, arbitrary: fc.record({ source: SOURCES, port: SPEAKING_PORTS, probe: fc.constant('tcp' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      source: SOURCES,
      port: fc.constantFrom(8080, 7070, 9091, 9091, 9091),
      probe: fc.constant('tcp-silent' as const),
    }),
  },
);

const BY_TLS: Arbitrary<Call> = fc
  .record({
    source: SOURCES,
    port: SPEAKING_PORTS,
    alpn: OFFERS,
    certificate: fc.constantFrom(
      ...Array.from({ length: 12 }, () => 'valid' as const),
      'none' as const,
      'untrusted-ca' as const,
      'wrong-trust-domain' as const,
      'expired' as const,
    ),
    as: fc.constantFrom(...IDENTITIES.map(({ namespace, name }) => `${namespace}/${name}`)),
    request: REQUESTS,
    isHttp: fc.constantFrom(true, true, true, false),
  })
  .map(({ alpn, certificate, as, request, isHttp, ...call }) => ({
    ...call,
    probe: certificate === 'none' ? ('tls' as const) : ('mtls' as const),
    tls: { alpn, certificate, as },
    // Without a request a port that is declared HTTP would get one all the same.
    ...((isHttp || call.port === 8080) && { request }),
  }));

/** Calls of one set; the same ones for the same seed. `target`: as in a flow. */
export function calls(target: string, seed: number, count: number): readonly Flow[] {
  const call = fc.oneof(PLAIN, BY_TLS);
  return fc.sample(call, { seed, numRuns: count }).map((own, index) => ({ id: String(index), target, ...own }));
}
