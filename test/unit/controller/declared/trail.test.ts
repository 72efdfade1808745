import t from 'tap';
import type { Flow, TrailStep } from '../../../../controller/declared/expectation.ts';
import { ap, ask, dr, pa, SIDECAR, smallMesh, STRICT, workload } from './small-mesh.ts';
import type { SmallMesh } from './small-mesh.ts';

function shown(mesh: SmallMesh, words: string, more: Partial<Flow> = {}): readonly string[] {
  return ask(smallMesh(mesh), words, more).trail.map(line);
}

function line({ stage, result, by, object, isInEffect }: TrailStep): string {
  const parts = [
    stage,
    result,
    by ?? '',
    object === undefined ? '' : `${object.namespace}/${object.name}`,
    isInEffect === false ? '(not in effect)' : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

t.test('a trail shows the stages in the order in which a flow meets them', (t) => {
  t.strictSame(shown({ objects: pa('istio-system/default', STRICT) }, 'S http t:80'), [
    'source sidecar',
    'visibility visible',
    'client mtls auto-mtls',
    'network-policy allow',
    'capture captured',
    'peer-authentication STRICT mesh istio-system/default',
    'filter-chain http-mtls',
    'identity proved',
    'application answers',
  ]);
  t.strictSame(shown({ objects: pa('istio-system/default', STRICT) }, 'N http t:80'), [
    'source naked',
    'client plaintext naked',
    'network-policy allow',
    'capture captured',
    'peer-authentication STRICT mesh istio-system/default',
    'filter-chain none',
  ]);
  t.end();
});

t.test('what is declared and not on the way is shown as not in effect', (t) => {
  const excluded = workload({
    labels: SIDECAR,
    annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '8080' },
  });
  const cases: readonly (readonly [why: string, mesh: SmallMesh, words: string, step: string])[] = [
    [
      'STRICT behind an excluded port',
      { target: excluded, objects: pa('foo/default', STRICT) },
      'N http t:80',
      'peer-authentication STRICT namespace foo/default (not in effect)',
    ],
    [
      'a policy behind an excluded port',
      { target: excluded, objects: ap('foo/deny', '{}') },
      'N http t:80',
      'authorization shadowed foo/deny (not in effect)',
    ],
    [
      'STRICT over a pod without sidecar',
      { target: workload({}), objects: pa('foo/default', STRICT) },
      'N http t:80',
      'peer-authentication STRICT namespace foo/default (not in effect)',
    ],
    [
      'a younger twin',
      {
        objects:
          pa('foo/a', '{ mtls: { mode: PERMISSIVE } }', '2026-01-01T00:00:00Z') +
          pa('foo/b', STRICT, '2026-02-01T00:00:00Z'),
      },
      'N http t:80',
      'peer-authentication STRICT older-duplicate foo/b (not in effect)',
    ],
    [
      'a port level keyed by the service port',
      { objects: pa('foo/t', '{ selector: { matchLabels: { app: t } }, portLevelMtls: { 80: { mode: STRICT } } }') },
      'N http t:80',
      'peer-authentication STRICT service-port-key foo/t (not in effect)',
    ],
    [
      'a selector in the root namespace',
      { objects: pa('istio-system/t', '{ selector: { matchLabels: { app: t } }, mtls: { mode: STRICT } }') },
      'N http t:80',
      'peer-authentication STRICT root-namespace-selector istio-system/t (not in effect)',
    ],
    [
      'a DENY that plaintext slips past',
      { objects: ap('foo/deny', '{ action: DENY, rules: [{ from: [{ source: { namespaces: [bar] } }] }] }') },
      'N http t:80',
      'authorization slipped foo/deny (not in effect)',
    ],
    [
      'an ALLOW by exclusion that plaintext slips through',
      { objects: ap('foo/allow', '{ rules: [{ from: [{ source: { notNamespaces: [bar] } }] }] }') },
      'N http t:80',
      'authorization slipped foo/allow (not in effect)',
    ],
    [
      'a dry run that would deny',
      { objects: ap('foo/deny', '{ action: DENY, rules: [{}] }', `{ istio.io/dry-run: 'true' }`) },
      'S http t:80',
      'authorization not-enforced foo/deny (not in effect)',
    ],
  ];
  for (const [why, mesh, words, step] of cases) t.ok(shown(mesh, words).includes(step), `${why}: ${step}`);
  t.end();
});

t.test('nothing slips where the caller proves who it is, or is not meant', (t) => {
  const deny = ap('foo/deny', '{ action: DENY, rules: [{ from: [{ source: { namespaces: [other] } }] }] }');
  t.notOk(shown({ objects: deny }, 'N http t:80').some((step) => step.includes('slipped')));
  t.notOk(shown({ objects: deny }, 'S http t:80').some((step) => step.includes('slipped')));
  t.end();
});

t.test('where two proxies disagree the trail names the rule and the decision both objects', (t) => {
  const objects =
    pa('foo/default', STRICT) +
    dr('bar/t', '{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: DISABLE } } }');
  t.ok(shown({ objects }, 'S http t:80').includes('client plaintext destination-rule bar/t'));
  const { decidedBy } = ask(smallMesh({ objects }), 'S http t:80');
  t.match(decidedBy, {
    stage: 'peer-authentication',
    kind: 'PeerAuthentication',
    objects: [{ kind: 'PeerAuthentication' }, { kind: 'DestinationRule' }],
  });
  t.end();
});

t.test('endpoints that differ are told apart', (t) => {
  const both =
    workload({ labels: SIDECAR }) +
    workload({ name: 't2' }).replaceAll('"app":"t2"', '"app":"t"').replace('app: t2', 'app: t');
  const found = ask(smallMesh({ target: both, objects: pa('foo/default', STRICT) }), 'N http t:80');
  t.equal(found.expect, 'mixed');
  t.strictSame(
    found.endpoints?.map(({ pod, expect, outcome }) => `${pod} ${expect} ${outcome}`),
    ['foo/t deny DENY_STRICT', 'foo/t2 allow ALLOW_UNCAPTURED'],
  );
  t.end();
});
