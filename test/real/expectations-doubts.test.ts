/** Points on which Istio's documentation leaves a doubt: what Envoy does, and what the engine says of it. */
import t from 'tap';
import type { Flow, FlowRequest } from '../../controller/declared/expectation.ts';
import { realEnvoy } from '../support/envoy.ts';
import type { AuthorizationPolicySpec, MeshSettings, Rule, SecurityObject } from '../support/istiod/objects.ts';
import type { Answer } from '../support/policy-sets/answers.ts';
import { measureCells } from '../support/policy-sets/cells.ts';
import { JWKS } from '../support/policy-sets/tokens.ts';
import type { Claims } from '../support/policy-sets/tokens.ts';

const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false, timeout: 60_000 };

interface Doubt {
  readonly title: string;
  readonly objects: readonly SecurityObject[];
  readonly mesh?: Partial<MeshSettings>;
  /** A flow, and its outcome with the rule that decides: `DENY_AUTHZ_HTTP a[0]`. */
  readonly rows: readonly (readonly [flow: Omit<Flow, 'id' | 'source' | 'target'>, answer: string])[];
}

const meta = (name: string): SecurityObject['metadata'] => ({
  name,
  namespace: 'foo',
  creationTimestamp: '2025-01-01T00:00:00Z',
});

const policy = (spec: AuthorizationPolicySpec, name = 'a'): SecurityObject => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: meta(name),
  spec,
});
const allow = (...rules: readonly Rule[]): SecurityObject => policy({ rules });
const deny = (...rules: readonly Rule[]): SecurityObject => policy({ action: 'DENY', rules });

const mode = (own: 'STRICT' | 'DISABLE'): SecurityObject => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: meta('default'),
  spec: { mtls: { mode: own } },
});

const tokens = (issuer: string, audiences: readonly string[] = [], name = 'tokens'): SecurityObject => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: meta(name),
  spec: { jwtRules: [{ issuer, audiences, jwks: JWKS }] },
});

type Call = Doubt['rows'][number][0];

const http = (request: FlowRequest = {}, port = 8080): Call => ({
  port,
  probe: 'http',
  request: { method: 'GET', path: '/', host: 't.foo', ...request },
});
const get = (path: string, port = 8080): Call => http({ path }, port);
const mtls = (as: string, port = 8080, alpn: readonly string[] = ['istio-http/1.1']): Call => ({
  ...http({}, port),
  probe: 'mtls',
  tls: { alpn, certificate: 'valid', as },
});
const forwarded = (value: string, port = 8080): Call => http({ headers: { 'x-forwarded-for': value } }, port);
const token = (issuer: string, audience = 'app'): Call => {
  const claims: Claims = { iss: issuer, sub: 'ann', aud: audience };
  return http({ token: claims });
};

const DOUBTS: readonly Doubt[] = [
  {
    title: 'remote.ip is the last address of X-Forwarded-For, which any caller may write, and on TCP the caller itself',
    objects: [allow({ from: [{ source: { remoteIpBlocks: ['10.1.2.0/24'] } }] })],
    rows: [
      [forwarded('10.1.2.3'), 'ALLOW_PLAINTEXT a[0]'],
      [forwarded('10.9.9.9, 10.1.2.3'), 'ALLOW_PLAINTEXT a[0]'],
      [forwarded('10.1.2.3, 10.9.9.9'), 'DENY_AUTHZ_HTTP none'],
      [forwarded('10.1.2.3, nobody'), 'DENY_AUTHZ_HTTP none'],
      [http(), 'DENY_AUTHZ_HTTP none'],
      [forwarded('10.1.2.3', 9090), 'DENY_AUTHZ_TCP none'],
    ],
  },
  {
    title: 'source.ip is the caller itself, whatever X-Forwarded-For says',
    objects: [deny({ from: [{ source: { ipBlocks: ['10.1.2.0/24'] } }] })],
    rows: [[forwarded('10.1.2.3'), 'ALLOW_PLAINTEXT -']],
  },
  {
    title: 'of several rules the one decides whose id is the first in the alphabet: 10 before 2',
    objects: [
      deny(
        ...Array.from({ length: 11 }, (_, index) => (index === 2 || index === 10 ? {} : methods(`M${String(index)}`))),
      ),
    ],
    rows: [[http(), 'DENY_AUTHZ_HTTP a[10]']],
  },
  {
    title: 'and policy a-1 before policy a',
    objects: [deny({}), policy({ action: 'DENY', rules: [{}] }, 'a-1')],
    rows: [[http(), 'DENY_AUTHZ_HTTP a-1[0]']],
  },
  {
    title: 'the port in a Host header is part of it, its case is not',
    objects: [allow({ to: [{ operation: { hosts: ['t.foo', '*.BAR'] } }] })],
    rows: [
      [http({ host: 'T.Foo' }), 'ALLOW_PLAINTEXT a[0]'],
      [http({ host: 't.foo:8080' }), 'DENY_AUTHZ_HTTP none'],
      [http({ host: 'x.bar' }), 'ALLOW_PLAINTEXT a[0]'],
    ],
  },
  {
    title: 'an asterisk for a header wants it to be there, and is content with an empty one',
    objects: [allow({ when: [{ key: 'request.headers[x-kind]', values: ['*'] }] })],
    rows: [
      [http({ headers: { 'X-Kind': '' } }), 'ALLOW_PLAINTEXT a[0]'],
      [http(), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'a dot in a namespace, and behind the asterisk of a principal, is any character',
    objects: [allow({ from: [{ source: { namespaces: ['b.r'] } }, { source: { principals: ['*.bar/sa/c'] } }] })],
    rows: [
      [mtls('bar/c-d'), 'ALLOW_MTLS a[0]'],
      [mtls('bar-2/c'), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'a service account is matched as a whole, with a dot for any character',
    objects: [allow({ from: [{ source: { serviceAccounts: ['bar/c.d'] } }] })],
    rows: [
      [mtls('bar/c.d'), 'ALLOW_MTLS a[0]'],
      [mtls('bar/c-d'), 'ALLOW_MTLS a[0]'],
      [mtls('bar/c'), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'a trust domain with an asterisk behind is replaced by those that it is for',
    objects: [allow({ from: [{ source: { principals: ['cluster*/ns/bar/sa/c'] } }] })],
    mesh: { trustDomain: 'td2', trustDomainAliases: ['cluster.local'] },
    rows: [
      [mtls('bar/c'), 'ALLOW_MTLS a[0]'],
      [mtls('foo/c'), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'a request principal is split at its last slash before its asterisk counts',
    objects: [
      tokens('https://a.example'),
      tokens('https://a.example/b', [], 'more-tokens'),
      allow({ from: [{ source: { requestPrincipals: ['https://a.example/*', 'https://a*'] } }] }),
    ],
    rows: [
      [token('https://a.example'), 'ALLOW_PLAINTEXT a[0]'],
      [token('https://a.example/b'), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'of two rules for one issuer either may accept the token',
    objects: [tokens('plain', ['app'], 'one'), tokens('plain', ['apt'], 'two')],
    rows: [
      [token('plain', 'apt'), 'ALLOW_PLAINTEXT -'],
      [token('plain', 'other'), 'DENY_JWT -'],
    ],
  },
  {
    title: 'a bad token is refused before any policy is asked, and read on HTTP chains only',
    objects: [tokens('plain'), deny({})],
    rows: [
      [http({ token: 'invalid' }), 'DENY_JWT -'],
      [http({ token: 'invalid' }, 9090), 'DENY_AUTHZ_TCP a[0]'],
    ],
  },
  {
    title: 'a value that is no range is left out of a DENY, and costs an ALLOW its rule',
    objects: [
      deny({ from: [{ source: { notIpBlocks: ['127.0.0.0/8', '10.0.0.0/40'] } }] }),
      policy({ rules: [{ from: [{ source: { ipBlocks: ['127.0.0.0/8', 'nowhere'] } }] }] }, 'b'),
    ],
    rows: [[http(), 'DENY_AUTHZ_HTTP none']],
  },
  {
    title: 'a condition that does not exist takes its rule with it, a DENY, too',
    objects: [deny({ when: [{ key: 'source.planet', values: ['mars'] }] }, methods('GET'))],
    rows: [[http(), 'DENY_AUTHZ_HTTP a[1]']],
  },
  {
    title: 'server names count where the proxy reads handshakes, its own or not',
    objects: [allow({ when: [{ key: 'connection.sni', values: ['*.foo.svc.cluster.local'] }] })],
    rows: [
      [mtls('bar/c'), 'ALLOW_MTLS a[0]'],
      [mtls('bar/c', 9090, ['h2']), 'ALLOW_OPAQUE_TLS -'],
      [mtls('bar/c', 5000, ['istio']), 'DENY_AUTHZ_TCP none'],
      [http(), 'DENY_AUTHZ_HTTP none'],
    ],
  },
  {
    title: 'with mode DISABLE it reads none',
    objects: [mode('DISABLE'), allow({ when: [{ key: 'connection.sni', values: ['*.foo.svc.cluster.local'] }] })],
    rows: [[mtls('bar/c', 9090, ['h2']), 'DENY_AUTHZ_TCP none']],
  },
  {
    title: 'of the offered ALPN names the first that has a chain counts',
    objects: [allow(methods('GET'))],
    rows: [
      [mtls('bar/c', 7070, ['istio', 'istio-http/1.1']), 'DENY_AUTHZ_TCP none'],
      [mtls('bar/c', 7070, ['istio-http/1.1', 'istio']), 'ALLOW_MTLS a[0]'],
      [mtls('bar/c', 7070, ['http/1.1', 'istio-http/1.1']), 'ALLOW_MTLS a[0]'],
    ],
  },
  {
    title: 'with mode STRICT a name without a chain of its own goes to the TCP chain only if no other has one',
    objects: [mode('STRICT'), allow(methods('GET'))],
    rows: [
      [mtls('bar/c', 7070, ['istio', 'istio-http/1.1']), 'ALLOW_MTLS a[0]'],
      [mtls('bar/c', 7070, ['istio']), 'DENY_AUTHZ_TCP none'],
    ],
  },
  {
    title: 'what an application says first reaches a caller that is denied and says nothing',
    objects: [mode('DISABLE'), deny({})],
    rows: [
      [{ port: 9091, probe: 'tcp-silent' }, 'ALLOW_PLAINTEXT -'],
      [{ port: 9090, probe: 'tcp' }, 'DENY_AUTHZ_TCP a[0]'],
    ],
  },
  {
    title: 'a request with a path that is no ASCII is no HTTP to a port that is sniffed',
    objects: [allow(methods('GET'))],
    rows: [
      [get('/\u00e9', 7070), 'DENY_AUTHZ_TCP none'],
      [get('/\u00e9'), 'PROTO_MISMATCH -'],
      [get('/#x'), 'PROTO_MISMATCH -'],
    ],
  },
];

function methods(name: string): Rule {
  return { to: [{ operation: { methods: [name] } }] };
}

const MESH: MeshSettings = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  normalization: 'DEFAULT',
};

t.test('real Envoy and the engine settle each doubt in the same way', options, async (t) => {
  const cells = await measureCells('binary' in envoy ? envoy.binary : '', DOUBTS.length, () =>
    DOUBTS.map(({ objects, mesh, rows }) => ({
      set: { mesh: { ...MESH, ...mesh }, namespace: 'foo', objects },
      flows: rows.map(([flow], index) => ({ id: String(index), source: 'bar/n', target: 'pod:foo/t', ...flow })),
    })),
  );
  let next = 0;
  for (const { title, rows } of DOUBTS) {
    t.test(title, (t) => {
      for (const [flow, answer] of rows) {
        const cell = cells[next++];
        const asked = JSON.stringify(flow);
        t.equal(brief(cell?.measured), answer, `Envoy: ${answer} to ${asked}`);
        t.equal(brief(cell?.declared), answer, `the engine: ${answer} to ${asked}`);
      }
      t.end();
    });
  }
});

function brief(answer: Answer | undefined): string {
  const rule = answer?.rule ?? '-';
  return `${answer?.outcome ?? 'not asked'} ${rule.replace(/^ns\[foo\]-policy\[(.*)\]-rule(\[\d+\])$/, '$1$2')}`;
}
