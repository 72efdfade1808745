/** Authorization rules as Envoy's RBAC filters. */
import t from 'tap';
import { authorizationFilters } from '../../../../../deploy/sandbox/envoy/rbac.ts';
import type { AuthorizationRule } from '../../../../../deploy/sandbox/reality.ts';

const same = (port: number): number => port;

function policiesOf(rule: Omit<AuthorizationRule, 'name'>, layer: 'http' | 'tcp' = 'http'): unknown {
  const [filter] = authorizationFilters([{ name: 'p', ...rule }], layer, same);
  return (filter?.['typed_config'] as { rules: { policies: Readonly<Record<string, unknown>> } }).rules.policies;
}

const name = (matcher: object): object => ({ authenticated: { principal_name: matcher } });

t.test('a pattern of a principal becomes the matcher that istiod makes of it', (t) => {
  const cases: readonly (readonly [string, object])[] = [
    ['*', { safe_regex: { regex: '.+' } }],
    ['*/sa/c.d', { safe_regex: { regex: 'spiffe://.*/sa/c\\.d' } }],
    ['cluster.local/ns/bar/*', { prefix: 'spiffe://cluster.local/ns/bar/' }],
    ['cluster.local/ns/bar/sa/c', { exact: 'spiffe://cluster.local/ns/bar/sa/c' }],
  ];
  for (const [pattern, matcher] of cases) {
    t.strictSame(policiesOf({ action: 'DENY', from: { principals: [pattern] } }), {
      'p 0': {
        permissions: [{ any: true }],
        principals: [{ and_ids: { ids: [{ or_ids: { ids: [name(matcher)] } }] } }],
      },
    });
  }
  t.end();
});

t.test('a namespace is a part of the SPIFFE id, with stars anywhere', (t) => {
  t.strictSame(policiesOf({ action: 'DENY', from: { notNamespaces: ['b*r'] } }), {
    'p 0': {
      permissions: [{ any: true }],
      principals: [
        { and_ids: { ids: [{ not_id: { or_ids: { ids: [name({ safe_regex: { regex: '.*/ns/b.*r/.*' } })] } } }] } },
      ],
    },
  });
  t.end();
});

t.test('fields of one operation must all match, values of one field need only one', (t) => {
  const to = { ports: [80, 81], methods: ['GET'], paths: ['/a*'] };
  const ports = { or_rules: { rules: [{ destination_port: 80 }, { destination_port: 81 }] } };
  const methods = { or_rules: { rules: [{ header: { name: ':method', string_match: { exact: 'GET' } } }] } };
  const paths = { or_rules: { rules: [{ url_path: { path: { prefix: '/a' } } }] } };
  t.strictSame(policiesOf({ action: 'ALLOW', to }), {
    'p 0': { permissions: [{ and_rules: { rules: [ports, methods, paths] } }], principals: [{ any: true }] },
  });
  t.end();
});

t.test('on TCP an ALLOW rule for HTTP attributes is dropped but its filter stays, a DENY rule only gets wider', (t) => {
  const everything = { 'p 0': { permissions: [{ any: true }], principals: [{ any: true }] } };
  t.strictSame(policiesOf({ action: 'ALLOW', to: { paths: ['/a'] } }, 'tcp'), {});
  t.strictSame(policiesOf({ action: 'DENY', to: { paths: ['/a'] } }, 'tcp'), everything);
  t.end();
});

t.test('DENY stands before ALLOW, two rules of one name are two, and without rules there is no filter', (t) => {
  const rules: readonly AuthorizationRule[] = [
    { name: 'a', action: 'ALLOW' },
    { name: 'a', action: 'ALLOW' },
    { name: 'd', action: 'DENY' },
  ];
  const filters = authorizationFilters(rules, 'http', same).map((filter) => filter['typed_config']) as {
    rules: { action: string; policies: object };
  }[];
  t.strictSame(
    filters.map(({ rules: { action, policies } }) => [action, Object.keys(policies).length]),
    [
      ['DENY', 1],
      ['ALLOW', 2],
    ],
  );
  t.strictSame(authorizationFilters([], 'tcp', same), []);
  t.end();
});

t.test('a workload port is matched where the proxy listens for it', (t) => {
  const [filter] = authorizationFilters([{ name: 'd', action: 'DENY', to: { ports: [80] } }], 'http', () => 10_080);
  t.match(JSON.stringify(filter), '"destination_port":10080');
  t.end();
});
