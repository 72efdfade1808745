import t from 'tap';
import { hostsOverlap, resolveShortName, wildcardMatches } from '../../../../controller/declared/hosts.ts';
import { rangeMatcher } from '../../../../controller/declared/ip-ranges.ts';
import { pathMatcher, policyPath } from '../../../../controller/declared/paths.ts';
import { labelMatcher } from '../../../../controller/declared/selector.ts';
import {
  hostMatcher,
  namespaceMatcher,
  principalMatcher,
  serviceAccountMatcher,
  textMatcher,
  trustDomainMatcher,
} from '../../../../controller/declared/string-match.ts';

const ID = 'spiffe://cluster.local/ns/bar/sa/c';

t.test('patterns match as Envoy matches them', (t) => {
  const rows: readonly (readonly [string, (pattern: string) => (value: string) => boolean, string, string, boolean])[] =
    [
      ['exact', textMatcher, 'a', 'a', true],
      ['exact is exact', textMatcher, 'a', 'A', false],
      ['prefix', textMatcher, '/x*', '/xyz', true],
      ['suffix', textMatcher, '*z', 'xyz', true],
      ['presence', textMatcher, '*', 'x', true],
      ['presence wants something', textMatcher, '*', '', false],
      ['an asterisk inside is itself', textMatcher, 'a*c', 'abc', false],
      ['hosts ignore case', hostMatcher, 'A.foo', 'a.FOO', true],
      ['a host with a port is another', hostMatcher, 'a.foo', 'a.foo:80', false],
      ['a principal', principalMatcher, 'cluster.local/ns/bar/sa/c', ID, true],
      ['a principal by its end', principalMatcher, '*/sa/c', ID, true],
      ['a principal by its beginning', principalMatcher, 'cluster.local/ns/bar/*', ID, true],
      ['another principal', principalMatcher, 'cluster.local/ns/bar/sa/d', ID, false],
      ['a namespace', namespaceMatcher, 'bar', ID, true],
      ['part of a namespace', namespaceMatcher, 'ba', ID, false],
      ['a namespace with an asterisk inside', namespaceMatcher, 'b*r', ID, true],
      ["a service account of the policy's namespace", (value) => serviceAccountMatcher(value, 'bar'), 'c', ID, true],
      ['a service account of another namespace', (value) => serviceAccountMatcher(value, 'foo'), 'c', ID, false],
      ['a service account with namespace', (value) => serviceAccountMatcher(value, 'foo'), 'bar/c', ID, true],
      ['a dot in a service account is any character', (value) => serviceAccountMatcher(value, 'bar'), '.', ID, true],
      ['a trust domain', trustDomainMatcher, 'cluster.local', ID, true],
      ['a trust domain with asterisk', trustDomainMatcher, '*.local', ID, true],
      ['an asterisk stays within the trust domain', trustDomainMatcher, '*/c', ID, false],
      ['one segment', pathMatcher, '/a/{*}/c', '/a/b/c', true],
      ['one segment, not two', pathMatcher, '/a/{*}/c', '/a/b/b/c', false],
      ['one segment, not empty', pathMatcher, '/a/{*}/c', '/a//c', false],
      ['any segments', pathMatcher, '/a/{**}', '/a/b/c', true],
      ['any segments may be none, but the slash is there', pathMatcher, '/a/{**}', '/a', false],
      ['any segments inside may be none', pathMatcher, '/store/{**}/cart', '/store//cart', true],
    ];
  for (const [why, make, pattern, value, expected] of rows)
    t.equal(make(pattern)(value), expected, `${why}: ${pattern} ${value}`);
  t.end();
});

t.test('paths are normalised as the mesh is told', (t) => {
  const rows = [
    ['/a?x=1#y', 'NONE', '/a'],
    ['/a/../b', 'NONE', '/a/../b'],
    ['/a/../b', 'BASE', '/b'],
    ['/a/./b/', 'BASE', '/a/b/'],
    ['/a\\b', 'BASE', '/a/b'],
    ['/%61dmin', 'BASE', '/admin'],
    ['/a%2Fb', 'BASE', '/a%2Fb'],
    ['//a', 'BASE', '//a'],
    ['//a///b', 'MERGE_SLASHES', '/a/b'],
    ['/a%2F%2Fb', 'MERGE_SLASHES', '/a%2F%2Fb'],
    ['/a%2F%5cb', 'DECODE_AND_MERGE_SLASHES', '/a/b'],
  ] as const;
  for (const [raw, how, expected] of rows) t.equal(policyPath(raw, how), expected, `${raw} ${how}`);
  t.end();
});

t.test('addresses are in ranges or not, and what is no range is none', (t) => {
  const rows: readonly (readonly [string, string, boolean | null])[] = [
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['10.0.0.0/33', '10.0.0.1', null],
    ['10.0.0', '10.0.0.1', null],
    ['x', 'x', null],
  ];
  for (const [range, address, expected] of rows)
    t.equal(rangeMatcher(range)?.(address) ?? null, expected, `${range} ${address}`);
  t.end();
});

t.test('host names resolve and overlap', (t) => {
  t.equal(resolveShortName('t', 'foo', 'cluster.local'), 't.foo.svc.cluster.local');
  t.equal(resolveShortName('t.foo', 'bar', 'cluster.local'), 't.foo');
  t.equal(resolveShortName('*', 'foo', 'cluster.local'), '*');
  t.ok(wildcardMatches('*.local', 't.foo.svc.cluster.local'));
  t.notOk(wildcardMatches('*.example', 't.foo.svc.cluster.local'));
  t.ok(hostsOverlap('*', 'a.example'));
  t.ok(hostsOverlap('*.example', '*.b.example'));
  t.notOk(hostsOverlap('a.example', 'b.example'));
  t.end();
});

t.test('label selectors', (t) => {
  const where = (operator: string, values: readonly string[] = []): unknown => ({
    matchExpressions: [{ key: 'a', operator, values }],
  });
  const rows: readonly (readonly [unknown, Readonly<Record<string, string>>, boolean])[] = [
    [{}, {}, true],
    [{ matchLabels: { a: 'x' } }, { a: 'x', b: 'y' }, true],
    [{ matchLabels: { a: 'x' } }, { a: 'y' }, false],
    [where('In', ['x']), { a: 'x' }, true],
    [where('In', ['x']), {}, false],
    [where('NotIn', ['x']), {}, true],
    [where('NotIn', ['x']), { a: 'x' }, false],
    [where('Exists'), { a: '' }, true],
    [where('DoesNotExist'), { a: '' }, false],
    [where('Sounds'), { a: '' }, false],
  ];
  for (const [selector, labels, expected] of rows)
    t.equal(labelMatcher(selector)(labels), expected, `${JSON.stringify(selector)} ${JSON.stringify(labels)}`);
  t.end();
});
