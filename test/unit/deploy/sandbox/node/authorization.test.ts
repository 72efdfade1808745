/** Authorization rules against callers, on HTTP and on TCP chains. */
import t from 'tap';
import { isAllowed, type Access } from '../../../../../deploy/sandbox/node/authorization.ts';
import type { AuthorizationRule } from '../../../../../deploy/sandbox/reality.ts';

const WEB = 'spiffe://cluster.local/ns/shop/sa/web';
const http = (caller: string | undefined, path = '/'): Access => ({
  caller,
  port: 8080,
  request: { method: 'GET', path },
});
const tcp = (caller: string | undefined): Access => ({ caller, port: 8080 });
const rule = (action: 'ALLOW' | 'DENY', fields: Pick<AuthorizationRule, 'from' | 'to'>): AuthorizationRule => ({
  name: 'rule',
  action,
  ...fields,
});

const CASES: readonly (readonly [
  says: string,
  rules: readonly AuthorizationRule[],
  access: Access,
  allowed: boolean,
])[] = [
  ['no rules allow', [], http(undefined), true],
  ['an ALLOW rule without fields allows', [rule('ALLOW', {})], http(undefined), true],
  [
    'ALLOW of a principal allows it',
    [rule('ALLOW', { from: { principals: ['cluster.local/ns/shop/sa/web'] } })],
    http(WEB),
    true,
  ],
  ['ALLOW of a principal refuses plaintext', [rule('ALLOW', { from: { principals: ['*'] } })], http(undefined), false],
  ['ALLOW of a prefix allows', [rule('ALLOW', { from: { principals: ['cluster.local/ns/shop/*'] } })], http(WEB), true],
  ['ALLOW of a suffix allows', [rule('ALLOW', { from: { principals: ['*/sa/web'] } })], http(WEB), true],
  [
    'ALLOW of another refuses',
    [rule('ALLOW', { from: { principals: ['cluster.local/ns/shop/sa/we'] } })],
    http(WEB),
    false,
  ],
  ['DENY of a namespace refuses it', [rule('DENY', { from: { namespaces: ['shop'] } })], http(WEB), false],
  ['DENY of a namespace pattern refuses it', [rule('DENY', { from: { namespaces: ['s*p'] } })], http(WEB), false],
  ['a dot in a namespace is no wildcard', [rule('DENY', { from: { namespaces: ['s.op'] } })], http(WEB), true],
  [
    'DENY of a namespace does not stop plaintext',
    [rule('DENY', { from: { namespaces: ['shop'] } })],
    http(undefined),
    true,
  ],
  [
    'DENY of all but any principal refuses plaintext',
    [rule('DENY', { from: { notPrincipals: ['*'] } })],
    http(undefined),
    false,
  ],
  [
    'DENY of all but any principal lets an identity pass',
    [rule('DENY', { from: { notPrincipals: ['*'] } })],
    http(WEB),
    true,
  ],
  [
    'ALLOW of all but a namespace lets plaintext in',
    [rule('ALLOW', { from: { notNamespaces: ['shop'] } })],
    http(undefined),
    true,
  ],
  ['DENY wins over ALLOW', [rule('ALLOW', {}), rule('DENY', { to: { ports: [8080] } })], http(WEB), false],
  ['a rule of another port does not match', [rule('DENY', { to: { ports: [9090] } })], http(WEB), true],
  ['paths leave the query out', [rule('DENY', { to: { paths: ['/admin'] } })], http(WEB, '/admin?x=1'), false],
  ['a prefix of paths', [rule('ALLOW', { to: { paths: ['/api/*'] } })], http(WEB, '/api/x'), true],
  ['methods are exact', [rule('ALLOW', { to: { methods: ['POST'] } })], http(WEB), false],
  [
    'all fields of a rule must match',
    [rule('ALLOW', { from: { namespaces: ['shop'] }, to: { paths: ['/x'] } })],
    http(WEB, '/y'),
    false,
  ],
  [
    'an ALLOW rule on paths is lost on TCP, its policy is not',
    [rule('ALLOW', { to: { paths: ['/x'] } })],
    tcp(WEB),
    false,
  ],
  ['a DENY rule on paths denies every byte on TCP', [rule('DENY', { to: { paths: ['/x'] } })], tcp(WEB), false],
  [
    'a DENY rule on paths keeps its other fields on TCP',
    [rule('DENY', { from: { namespaces: ['bar'] }, to: { paths: ['/x'] } })],
    tcp(WEB),
    true,
  ],
  [
    'a field without values asks for nothing',
    [rule('ALLOW', { from: { principals: [] }, to: { methods: [] } })],
    tcp(undefined),
    true,
  ],
];

for (const [says, rules, access, allowed] of CASES) {
  t.test(says, (t) => {
    t.equal(isAllowed(rules, access), allowed);
    t.end();
  });
}
