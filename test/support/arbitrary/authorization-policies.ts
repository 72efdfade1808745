/** AuthorizationPolicies whose values hit, miss and nearly hit the few callers and requests there are. */
import fc from 'fast-check';
import type { AuthorizationPolicy, Condition, Operation, Rule, Source } from '../oracle/manifests.ts';
import { few, oneOf, rarely, selectorLabels, sparse } from './drawing.ts';
import { about } from './transport-policies.ts';
import type { Given } from './workloads.ts';

const principals = few(
  'cluster.local/ns/bar/sa/c',
  'cluster.local/ns/bar/sa/default',
  'cluster.local/ns/foo/sa/a',
  'td2/ns/bar/sa/c',
  'old.td/ns/bar/sa/a',
  'other/ns/bar/sa/c',
  '*',
  '*/sa/c',
  '*/ns/bar/sa/default',
  'cluster.local/ns/bar/*',
  'cluster.local/ns/bar/sa/*',
);
const namespaceNames = few('foo', 'bar', 'b*', '*r', '*', 'istio-system');
const serviceAccounts = few('bar/c', 'foo/a', 'c', 'default');
const blocks = few('10.0.0.0/24', '10.0.1.0/24', '10.0.0.0/16', '10.0.2.1', '10.0.0.1/32', '10.0.1.2/31');

export const PATHS = [
  '/',
  '/admin',
  '/admin/',
  '/admin?q=1',
  '/ADMIN',
  '/%61dmin',
  '/x/../admin',
  '//admin',
  '/x\\admin',
  '/x%2fadmin',
  '/x/admin',
  '/api/v1/items',
  '/api//items',
] as const;
const paths = few('/admin', '/admin', '/admin*', '*/admin', '*', '/', '/api/{*}/items', '/api/{**}/items', '/x/{**}');
const hosts = few('a.foo', 'A.FOO', 'a.foo:80', '*.foo', 'a.*', '*', '*.svc.cluster.local', 'unknown.example');
const methods = few('GET', 'POST', 'P*', 'get', '*');
const ports = few('8080', '8080', '8081', '9090', '7070', '80');

function source(given: Given): fc.Arbitrary<Source> {
  const byAddress = given === 'pods' ? 8 : 10;
  const identity = sparse<Source>({
    principals: rarely(principals, 6),
    notPrincipals: rarely(principals, 8),
    namespaces: rarely(namespaceNames, 6),
    notNamespaces: rarely(namespaceNames, 8),
    ipBlocks: rarely(blocks, byAddress),
    notIpBlocks: rarely(blocks, byAddress),
    requestPrincipals: rarely(few('*', 'issuer/me'), 9),
    notRequestPrincipals: rarely(few('*', 'issuer/me'), 9),
  });
  const account = sparse<Source>({
    serviceAccounts: rarely(serviceAccounts, 3),
    notServiceAccounts: rarely(serviceAccounts, 7),
    ipBlocks: rarely(blocks, byAddress),
  });
  return fc
    .oneof({ weight: 4, arbitrary: identity }, { weight: 1, arbitrary: account })
    .map((drawn) => (Object.keys(drawn).length === 0 ? { namespaces: ['bar'] } : drawn));
}

const operation: fc.Arbitrary<Operation> = sparse<Operation>({
  hosts: rarely(hosts, 8),
  notHosts: rarely(hosts, 9),
  methods: rarely(methods, 8),
  notMethods: rarely(methods, 9),
  paths: rarely(paths, 6),
  notPaths: rarely(paths, 8),
  ports: rarely(ports, 6),
  notPorts: rarely(ports, 8),
}).map((drawn) => (Object.keys(drawn).length === 0 ? { ports: ['8080'] } : drawn));

function condition(given: Given): fc.Arbitrary<Condition> {
  const values: readonly (readonly [key: string, values: fc.Arbitrary<string[]>])[] = [
    ['source.principal', principals],
    ['source.namespace', namespaceNames],
    ['source.serviceAccount', serviceAccounts],
    ['destination.port', ports],
    ['request.headers[x-team]', few('red', 'r*', '*d', '*')],
    ...(given === 'pods'
      ? ([
          ['source.ip', blocks],
          ['destination.ip', blocks],
        ] as const)
      : []),
  ];
  return fc.oneof(
    ...values.map(([key, drawn]) =>
      fc.tuple(drawn, rarely(drawn, 8), oneOf(true, true, false)).map(([wanted, unwanted, isPositive]) => ({
        key,
        ...(isPositive ? { values: wanted } : { notValues: wanted }),
        ...(isPositive && unwanted !== undefined ? { notValues: unwanted } : {}),
      })),
    ),
  );
}

function rule(given: Given): fc.Arbitrary<Rule> {
  const list = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> => fc.array(item, { minLength: 1, maxLength: 2 });
  return sparse<Rule>({
    from: rarely(list(source(given).map((drawn) => ({ source: drawn }))), 4),
    to: rarely(list(operation.map((drawn) => ({ operation: drawn }))), 4),
    when: rarely(list(condition(given)), 7),
  });
}

export function authorizationPolicy(given: Given): fc.Arbitrary<AuthorizationPolicy> {
  return fc
    .record({
      metadata: about,
      dryRun: rarely(oneOf('true', 'false', 'perhaps'), 8),
      action: rarely(oneOf('ALLOW', 'ALLOW', 'DENY', 'DENY', 'DENY', 'AUDIT'), 3),
      selector: rarely(
        selectorLabels.map((matchLabels) => ({ matchLabels })),
        5,
      ),
      targetRefs: rarely(oneOf([{ kind: 'Service', group: '', name: 'a' }]), 9),
      rules: fc.array(rule(given), { minLength: 0, maxLength: 3 }),
    })
    .map(({ metadata, dryRun, action, selector, targetRefs, rules }) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { ...metadata, ...(dryRun === undefined ? {} : { annotations: { 'istio.io/dry-run': dryRun } }) },
      spec: {
        ...(action === undefined ? {} : { action }),
        ...(targetRefs !== undefined ? { targetRefs } : selector !== undefined ? { selector } : {}),
        ...rulesOf(action, rules),
      },
    }));
}

/** Without rules only ALLOW is accepted. */
function rulesOf(action: string | undefined, rules: readonly Rule[]): { readonly rules?: readonly Rule[] } {
  if (rules.length > 0) return { rules };
  return action === undefined || action === 'ALLOW' ? {} : { rules: [{}] };
}
