import t from 'tap';
import { lint } from '../../../../controller/declared/lint.ts';
import { ap, dr, object, pa, smallMesh, STRICT } from './small-mesh.ts';

function found(objects: string): readonly string[] {
  return lint(smallMesh({ objects })).map(
    ({ reason, object: { kind, namespace, name }, isStricter }) =>
      `${reason} ${kind} ${namespace}/${name}${isStricter ? ' stricter' : ''}`,
  );
}

const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-02-01T00:00:00Z';
const selected = (rest: string, app = 't'): string => `{ selector: { matchLabels: { app: ${app} } }, ${rest} }`;
const strict = 'mtls: { mode: STRICT }';
const permissive = '{ mtls: { mode: PERMISSIVE } }';

const ROWS: readonly (readonly [why: string, objects: string, findings: readonly string[]])[] = [
  ['nothing is wrong with nothing', '', []],
  [
    'objects that do what they say are left alone',
    pa('foo/default', STRICT) + ap('foo/a', '{ rules: [{}] }') + dr('foo/t', '{ host: t }'),
    [],
  ],
  [
    'a selector in the root namespace',
    pa('istio-system/t', selected(strict)),
    ['root-namespace-selector PeerAuthentication istio-system/t stricter'],
  ],
  [
    'a younger twin that is stricter',
    pa('foo/a', permissive, OLD) + pa('foo/b', STRICT, NEW),
    ['younger-duplicate PeerAuthentication foo/b stricter'],
  ],
  [
    'a younger twin that is not',
    pa('foo/a', STRICT, OLD) + pa('foo/b', permissive, NEW),
    ['younger-duplicate PeerAuthentication foo/b'],
  ],
  [
    'a younger twin for a workload',
    pa('foo/a', selected('mtls: { mode: PERMISSIVE }'), OLD) + pa('foo/b', selected(strict), NEW),
    ['younger-duplicate PeerAuthentication foo/b stricter'],
  ],
  [
    'a selector that selects nothing',
    pa('foo/a', selected(strict, 'nobody')),
    ['selects-nothing PeerAuthentication foo/a stricter'],
  ],
  [
    'the same under STRICT anyway',
    pa('foo/default', STRICT) + pa('foo/a', selected(strict, 'nobody')),
    ['selects-nothing PeerAuthentication foo/a'],
  ],
  [
    'ports without selector',
    pa('foo/a', '{ portLevelMtls: { 8080: { mode: STRICT } } }'),
    ['port-level-without-selector PeerAuthentication foo/a stricter'],
  ],
  [
    'a port level keyed by the service port',
    pa('foo/a', selected('portLevelMtls: { 80: { mode: STRICT } }')),
    ['service-port-key PeerAuthentication foo/a stricter'],
  ],
  [
    'a policy that selects nothing',
    ap('foo/a', selected('rules: [{}]', 'nobody')),
    ['selects-nothing AuthorizationPolicy foo/a'],
  ],
  [
    'an ALLOW by paths meets a TCP port',
    ap('foo/a', "{ rules: [{ to: [{ operation: { paths: ['/'] } }] }] }"),
    ['http-allow-on-tcp AuthorizationPolicy foo/a'],
  ],
  [
    'not where another one allows it',
    ap('foo/a', "{ rules: [{ to: [{ operation: { paths: ['/'] } }] }, { to: [{ operation: { ports: ['9090'] } }] }] }"),
    [],
  ],
  [
    'a DENY by paths meets a TCP port',
    ap('foo/a', "{ action: DENY, rules: [{ to: [{ operation: { paths: ['/'] } }] }] }"),
    ['http-deny-on-tcp AuthorizationPolicy foo/a'],
  ],
  [
    'not where it names the HTTP port',
    ap('foo/a', "{ action: DENY, rules: [{ to: [{ operation: { paths: ['/'], ports: ['8080'] } }] }] }"),
    [],
  ],
  [
    'a policy on the service port',
    ap('foo/a', "{ action: DENY, rules: [{ to: [{ operation: { ports: ['80'] } }] }] }"),
    ['authorization-service-port AuthorizationPolicy foo/a stricter'],
  ],
  [
    'targetRefs without a waypoint',
    ap('foo/a', '{ targetRefs: [{ kind: Service, name: t }], rules: [{}] }'),
    ['target-ref-on-sidecar AuthorizationPolicy foo/a stricter'],
  ],
  [
    'a principal of two asterisks, which is no expression',
    ap('foo/a', "{ rules: [{ from: [{ source: { principals: ['**'] } }] }] }"),
    ['refused-expression AuthorizationPolicy foo/a stricter'],
  ],
  [
    'the same where it is excepted, and as a condition',
    ap('foo/a', "{ action: DENY, rules: [{ from: [{ source: { notPrincipals: ['a', '*+'] } }] }] }") +
      ap('foo/b', "{ rules: [{ when: [{ key: source.principal, values: ['**/sa/x'] }] }] }"),
    ['refused-expression AuthorizationPolicy foo/a stricter', 'refused-expression AuthorizationPolicy foo/b stricter'],
  ],
  [
    'a service account with half a bracket',
    ap('foo/a', "{ rules: [{ from: [{ source: { serviceAccounts: ['a('] } }] }] }"),
    ['refused-expression AuthorizationPolicy foo/a stricter'],
  ],
  [
    'asterisks that Envoy takes: alone, at an end, in a namespace, as text',
    ap(
      'foo/a',
      "{ rules: [{ from: [{ source: { principals: ['*', '*/sa/x', 'a/*', 'a**'], namespaces: ['**'] } }] }] }",
    ),
    [],
  ],
  [
    'not where nobody has a proxy for it',
    ap('bar/a', selected("rules: [{ from: [{ source: { principals: ['**'] } }] }]", 'n')),
    [],
  ],
  [
    'a rule for a host that is none',
    dr('foo/a', '{ host: t.foo }'),
    ['host-resolves-to-nothing DestinationRule foo/a'],
  ],
  ['a wildcard that matches something', dr('foo/a', "{ host: '*.foo.svc.cluster.local' }"), []],
  [
    'a policy that an older rule keeps out',
    dr('foo/a', '{ host: t, trafficPolicy: { tls: { mode: DISABLE } } }', OLD) +
      dr('foo/b', '{ host: t, trafficPolicy: { tls: { mode: SIMPLE } } }', NEW),
    ['never-chosen DestinationRule foo/b'],
  ],
  [
    'a subset of nobody',
    dr('foo/a', '{ host: t, subsets: [{ name: v2, labels: { version: v2 } }] }'),
    ['subset-without-endpoints DestinationRule foo/a'],
  ],
  [
    'a route to nowhere',
    object(
      'networking.istio.io/v1',
      'VirtualService',
      'foo/v',
      '{ hosts: [t], http: [{ route: [{ destination: { host: nobody } }] }] }',
    ),
    ['host-resolves-to-nothing VirtualService foo/v'],
  ],
];

t.test('objects without effect are named, with the reason', (t) => {
  for (const [why, objects, findings] of ROWS) t.strictSame(found(objects), findings, why);
  t.end();
});
