import t from 'tap';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';

function warnings(kind: string, spec: string): readonly string[] {
  const text = `apiVersion: x.istio.io/v1\nkind: ${kind}\nmetadata: { name: a, namespace: n }\nspec: ${spec}\n`;
  const source = { file: 'a.yaml', text };
  return snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))).warnings;
}

const WRONG: readonly (readonly [kind: string, spec: string, why: RegExp])[] = [
  ['PeerAuthentication', '{ portLevelMtls: { 80: { mode: STRICT } } }', /without a selector/],
  [
    'PeerAuthentication',
    '{ selector: { matchLabels: { a: b } }, portLevelMtls: { 70000: { mode: STRICT } } }',
    /port 70000/,
  ],
  ['PeerAuthentication', '{ mtls: { mode: strict } }', /mode that does not exist: "strict"/],
  ['PeerAuthentication', '{ selector: { matchLabels: { a: b } }, portLevelMtls: {} }', /empty portLevelMtls/],
  ['AuthorizationPolicy', '{ action: DENY }', /no rules/],
  ['AuthorizationPolicy', '{ action: BLOCK }', /action that does not exist/],
  ['AuthorizationPolicy', '{ action: CUSTOM, rules: [{}] }', /no provider/],
  [
    'AuthorizationPolicy',
    '{ rules: [{ from: [{ source: { ipBlocks: [10.0.0.300] } }] }] }',
    /range that is none: "10.0.0.300"/,
  ],
  ['AuthorizationPolicy', '{ rules: [{ to: [{ operation: { ports: ["http"] } }] }] }', /port http/],
  ['AuthorizationPolicy', '{ rules: [{ from: [{ source: {} }] }] }', /empty part/],
  [
    'AuthorizationPolicy',
    '{ rules: [{ when: [{ key: source.port, values: [x] }] }] }',
    /"source.port", which is unknown/,
  ],
  ['AuthorizationPolicy', '{ rules: [{ when: [{ key: source.ip }] }] }', /without values/],
  ['DestinationRule', '{ trafficPolicy: { tls: { mode: SIMPLE } } }', /no host/],
  ['DestinationRule', '{ host: a, trafficPolicy: { tls: { mode: TLS } } }', /TLS mode that does not exist/],
  ['DestinationRule', '{ host: a, subsets: [{ labels: { a: b } }] }', /subset without name/],
  ['RequestAuthentication', '{ jwtRules: [{ jwks: x }] }', /without issuer/],
  ['NetworkPolicy', '{ podSelector: {}, ingress: [{ from: [{}] }] }', /says nothing/],
  [
    'NetworkPolicy',
    '{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0 } }] }] }',
    /range that is none: "10.0.0.0"/,
  ],
  [
    'NetworkPolicy',
    '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 }, podSelector: {} }] }] }',
    /both an ipBlock/,
  ],
  [
    'NetworkPolicy',
    '{ podSelector: {}, ingress: [{ ports: [{ port: http, endPort: 90 }] }] }',
    /endPort without a port/,
  ],
  ['NetworkPolicy', '{ podSelector: {}, ingress: [{ ports: [{ port: 100, endPort: 90 }] }] }', /endPort before/],
  ['Service', '{ ports: [{ port: 70000 }] }', /port 70000/],
];

t.test('what an API server would not take is reported', (t) => {
  for (const [kind, spec, why] of WRONG) t.match(warnings(kind, spec), [why], `${kind} ${spec}`);
  t.end();
});

t.test('with the place of the field', (t) => {
  t.match(
    warnings(
      'PeerAuthentication',
      '\n  selector: { matchLabels: { a: b } }\n  portLevelMtls:\n    0: { mode: STRICT }',
    ),
    [/^a\.yaml:7:5: PeerAuthentication n\/a names port 0/],
  );
  t.end();
});

t.test('what it would take is not', (t) => {
  const right = [
    ['PeerAuthentication', '{ mtls: { mode: STRICT } }'],
    ['AuthorizationPolicy', '{}'],
    ['AuthorizationPolicy', '{ rules: [{}] }'],
    ['AuthorizationPolicy', '{ rules: [{ when: [{ key: "request.headers[x]", notValues: [y] }] }] }'],
    ['DestinationRule', '{ host: a }'],
    ['NetworkPolicy', '{ podSelector: {}, ingress: [{}] }'],
    ['Service', '{ ports: [{ port: 80, targetPort: http }] }'],
    ['Widget', '{ port: 70000 }'],
  ] as const;
  for (const [kind, spec] of right) t.strictSame(warnings(kind, spec), [], `${kind} ${spec}`);
  t.end();
});
