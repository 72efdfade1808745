/** Random rules of AuthorizationPolicies: every field, and values that nearly match each other. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Operation, Rule, Source, When } from '../istiod/objects.ts';
import type { Cast } from './cast.ts';
import { AUDIENCES, ISSUERS } from './tokens.ts';

/** One or two of them. */
export function some(...values: readonly string[]): Arbitrary<readonly string[]> {
  return fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
}

const PRINCIPALS = some(
  '*',
  'cluster.local/ns/bar/sa/c',
  'cluster.local/ns/bar/sa/c.d',
  'td2/ns/bar/sa/c',
  'td1/ns/bar/sa/c',
  'old.local/ns/bar/sa/c',
  'other.example/ns/bar/sa/c',
  'cluster.local/ns/bar/*',
  'cluster.local*',
  '*/ns/bar/sa/c',
  '*/sa/c',
  '*/sa/c.d',
  '*c',
  '*local/ns/bar/sa/c',
  'cluster*/ns/bar/sa/c',
  'cluster.local/ns/*/sa/c',
  'spiffe://cluster.local/ns/bar/sa/c',
);
const NAMESPACES = some('bar', 'foo', 'b*', '*r', 'b*r', '*', 'ba', 'b.r', 'BAR', 'bar-2', '*-2');
const ACCOUNTS = some('c', 'bar/c', 'bar/c.d', 'foo/c', 'bar/d', 'bar-2/c', 'c.d');
const REQUEST_PRINCIPALS = some(
  '*',
  ...ISSUERS.map((issuer) => `${issuer}/ann`),
  ...ISSUERS.map((issuer) => `${issuer}/*`),
  'https://*',
  '*/ann',
  '*ann',
  '*.example/ann',
  'https://a.example/a*',
  'https://a.example',
);
const HOSTS = some('t.foo', 'T.foo', '*.foo', 't*', '*', 't.foo:8080', '*:8080', 'u.foo', '*T.FOO');
const METHODS = some('GET', 'POST', 'P*', '*ET', '*', 'get');
const PATHS = some(
  '/',
  '/admin',
  '/admin*',
  '*/secret',
  '*',
  '/a/{*}/c',
  '/a/{**}',
  '/{**}/c',
  '/a/b/c',
  '//admin',
  '/a%2Fb',
  '/a%2fb/*',
  '/x*y',
  '/~me',
);
const NUMBERS = some('8080', '9090', '7070', '5000', '80', '08080', '70000', 'http');

function ranges(cast: Cast): Arbitrary<readonly string[]> {
  const own = cast.callers['bar/n'];
  const net = own.split('.').slice(0, 3).join('.');
  return some(
    own,
    `${own}/32`,
    cast.callers['foo/n'],
    `${net}.0/24`,
    '127.0.0.0/8',
    '10.1.2.0/24',
    '10.1.2.3',
    '0.0.0.0/0',
    '::/0',
    '::1',
    '10.0.0.0/40',
    'nowhere',
  );
}

/** One or two fields, now and then as `notX`. */
function fieldsOf<T>(fields: Readonly<Record<string, Arbitrary<readonly string[]>>>): Arbitrary<T> {
  const one = fc
    .tuple(fc.constantFrom(...Object.keys(fields)), fc.boolean(), fc.boolean())
    .chain(([name, a, b]) =>
      (fields[name] ?? fc.constant([])).map((values) => [a && b ? negated(name) : name, values] as const),
    );
  return fc.array(one, { minLength: 1, maxLength: 2 }).map((entries) => Object.fromEntries(entries) as T);
}

function negated(field: string): string {
  return `not${field.slice(0, 1).toUpperCase()}${field.slice(1)}`;
}

function conditions(cast: Cast): Arbitrary<When> {
  const table: Readonly<Record<string, Arbitrary<readonly string[]>>> = {
    'source.principal': PRINCIPALS,
    'source.namespace': NAMESPACES,
    'source.serviceAccount': ACCOUNTS,
    'source.ip': ranges(cast),
    'remote.ip': ranges(cast),
    'destination.ip': ranges(cast),
    'destination.port': NUMBERS,
    'connection.sni': some(
      '*',
      'outbound_*',
      'outbound_.8080_._.t.foo.svc.cluster.local',
      '*.foo.svc.cluster.local',
      '*.example',
      'OUTBOUND_*',
    ),
    'request.headers[x-kind]': some('gold', 'g*', '*d', '*', 'GOLD'),
    'request.headers[X-Kind]': some('gold'),
    'request.headers': some('gold'),
    'request.auth.principal': REQUEST_PRINCIPALS,
    'request.auth.audiences': some(...AUDIENCES, 'ap*'),
    'request.auth.presenter': some('app', '*'),
    'request.auth.claims[groups]': some('admin', 'a*', '*'),
    'request.auth.claims[scope]': some('read', 'read write', 'w*'),
    'request.auth.claims[realm][roles]': some('admin', '*'),
    'experimental.envoy.filters.http.none[x]': some('*'),
    'source.trustdomain': some('cluster.local'),
  };
  return fc.tuple(fc.constantFrom(...Object.keys(table)), fc.integer({ min: 0, max: 3 })).chain(([key, kind]) =>
    fc.tuple(table[key] ?? fc.constant([]), table[key] ?? fc.constant([])).map(([values, notValues]) => ({
      key,
      ...(kind !== 0 && { values }),
      ...(kind < 2 && { notValues }),
    })),
  );
}

export function rules(cast: Cast): Arbitrary<Rule> {
  const addresses = ranges(cast);
  const source = fieldsOf<Source>({
    principals: PRINCIPALS,
    namespaces: NAMESPACES,
    serviceAccounts: ACCOUNTS,
    requestPrincipals: REQUEST_PRINCIPALS,
    ipBlocks: addresses,
    remoteIpBlocks: addresses,
  });
  const operation = fieldsOf<Operation>({ hosts: HOSTS, methods: METHODS, paths: PATHS, ports: NUMBERS });
  const list = <T>(item: Arbitrary<T>): Arbitrary<readonly T[] | undefined> =>
    fc.option(fc.array(item, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 });
  return fc
    .record({
      from: list(source.map((own) => ({ source: own }))),
      to: list(operation.map((own) => ({ operation: own }))),
      when: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        { weight: 2, arbitrary: fc.array(conditions(cast), { minLength: 1, maxLength: 2 }) },
      ),
    })
    .map(({ from, to, when }) => ({
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(when !== undefined && { when }),
    }));
}
