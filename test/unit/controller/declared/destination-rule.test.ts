import t from 'tap';
import { destinationRuleFor, readDestinationRules, tlsFor } from '../../../../controller/declared/destination-rule.ts';
import { readMeshConfig } from '../../../../controller/declared/mesh-config.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import { dr } from './small-mesh.ts';

const HOST = 't.foo.svc.cluster.local';
const service = { fqdn: HOST, namespace: 'foo' };
const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-02-01T00:00:00Z';

function chosen(rules: string, namespace = 'bar', labels: Readonly<Record<string, string>> = {}): string {
  const source = { file: 'a.yaml', text: rules };
  const objects = parseDocuments(source).flatMap((document) => objectsOf(source, document));
  const index = readDestinationRules(objects, readMeshConfig([]));
  const rule = destinationRuleFor(index, { namespace, labels }, service);
  if (rule === null) return 'none';
  return `${rule.policyRef.namespace}/${rule.policyRef.name} ${tlsFor(rule, 80, '').tls?.mode ?? 'no TLS'}`;
}

const rule = (place: string, host: string, mode: string, more = '', created?: string): string =>
  dr(place, `{ host: '${host}', trafficPolicy: { tls: { mode: ${mode} } }${more} }`, created);

t.test("the first of caller's, service's and root namespace that has a match gives the rule", (t) => {
  const root = rule('istio-system/all', '*.local', 'DISABLE');
  const theirs = rule('foo/t', 't', 'SIMPLE');
  const own = rule('bar/wide', '*.foo.svc.cluster.local', 'ISTIO_MUTUAL');
  t.equal(chosen(''), 'none');
  t.equal(chosen(root), 'istio-system/all DISABLE');
  t.equal(chosen(root + theirs), 'foo/t SIMPLE');
  t.equal(
    chosen(root + theirs + own),
    'bar/wide ISTIO_MUTUAL',
    "a wildcard of one's own beats an exact host elsewhere",
  );
  t.equal(chosen(root + theirs + own, 'baz'), 'foo/t SIMPLE');
  t.equal(chosen(root + theirs, 'istio-system'), 'foo/t SIMPLE', 'callers of the root namespace ask the service first');
  t.equal(
    chosen(rule('istio-system/mine', '*', 'DISABLE', ", exportTo: ['.']") + theirs, 'istio-system'),
    'istio-system/mine DISABLE',
    'but for private rules of their own',
  );
  t.equal(chosen(rule('other/t', HOST, 'DISABLE')), 'none', 'rules of strangers do not count');
  t.end();
});

t.test('within a namespace the closest host counts', (t) => {
  const rules =
    rule('bar/a', '*', 'DISABLE') +
    rule('bar/b', '*.cluster.local', 'SIMPLE') +
    rule('bar/c', '*.foo.svc.cluster.local', 'ISTIO_MUTUAL');
  t.equal(chosen(rules), 'bar/c ISTIO_MUTUAL');
  t.equal(chosen(rules + rule('bar/d', HOST, 'DISABLE')), 'bar/d DISABLE');
  t.end();
});

t.test('an exact rule that is not exported to the caller hides the public wildcard beside it', (t) => {
  const hidden =
    rule('foo/exact', 't', 'DISABLE', ', exportTo: [baz]') + rule('foo/wide', '*.foo.svc.cluster.local', 'SIMPLE');
  t.equal(chosen(hidden), 'none');
  t.equal(chosen(hidden, 'baz'), 'foo/exact DISABLE');
  t.equal(chosen(hidden + rule('istio-system/all', '*', 'ISTIO_MUTUAL')), 'istio-system/all ISTIO_MUTUAL');
  t.end();
});

t.test('rules of one host are merged oldest first where they are exported alike', (t) => {
  const first = rule('foo/z', 't', 'DISABLE', '', OLD);
  const second = rule('foo/a', 't', 'SIMPLE', '', NEW);
  t.equal(chosen(first + second), 'foo/z DISABLE', 'the first policy stands');
  t.equal(
    chosen(
      rule('foo/z', 't', 'DISABLE', ', exportTo: [bar]', OLD) + rule('foo/a', 't', 'SIMPLE', ', exportTo: [baz]', NEW),
    ),
    'foo/z DISABLE',
    'rules for different namespaces stay apart',
  );
  t.equal(
    chosen(
      rule('foo/z', 't', 'DISABLE', ', exportTo: [bar]', OLD) + rule('foo/a', 't', 'SIMPLE', ", exportTo: ['*']", NEW),
    ),
    'foo/a SIMPLE',
    'of rules that are not merged the last one counts',
  );
  t.equal(
    chosen(
      rule('foo/z', 't', 'DISABLE', ', exportTo: [bar]', OLD) +
        rule('foo/a', 't', 'SIMPLE', ', exportTo: [bar, baz]', NEW),
      'baz',
    ),
    'none',
    'a rule that went into a narrower one is gone for the others',
  );
  t.end();
});

t.test(
  'a rule for some workloads is for them, in its own namespace, and takes what it lacks from the private one for all',
  (t) => {
    const narrow = dr(
      'bar/some',
      `{ host: '${HOST}', workloadSelector: { matchLabels: { app: c } }, trafficPolicy: { tls: { mode: DISABLE } } }`,
    );
    t.equal(chosen(narrow, 'bar', { app: 'c' }), 'bar/some DISABLE');
    t.equal(chosen(narrow, 'bar', { app: 'd' }), 'none');
    t.equal(chosen(narrow, 'baz', { app: 'c' }), 'none');
    const bare = dr('bar/some', `{ host: '${HOST}', workloadSelector: { matchLabels: { app: c } } }`, NEW);
    t.equal(
      chosen(rule('bar/all', HOST, 'SIMPLE', ", exportTo: ['.']", OLD) + bare, 'bar', { app: 'c' }),
      'bar/all SIMPLE',
    );
    t.equal(chosen(rule('bar/all', HOST, 'SIMPLE', '', OLD) + bare, 'bar', { app: 'c' }), 'bar/some no TLS');
    t.end();
  },
);

t.test('ports and subsets', (t) => {
  const spec = `{ host: t, trafficPolicy: { tls: { mode: DISABLE }, portLevelSettings: [{ port: { number: 90 }, tls: { mode: SIMPLE } }, { port: { number: 70 }, connectionPool: {} }] },
    subsets: [{ name: plain, labels: { v: a } }, { name: own, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }, { name: port, trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: RANDOM } }] } }] }`;
  const source = { file: 'a.yaml', text: dr('foo/t', spec) };
  const objects = parseDocuments(source).flatMap((document) => objectsOf(source, document));
  const found = destinationRuleFor(
    readDestinationRules(objects, readMeshConfig([])),
    { namespace: 'bar', labels: {} },
    service,
  );
  if (found === null) throw new Error('no rule');
  const mode = (port: number, subset = ''): string | undefined => tlsFor(found, port, subset).tls?.mode;
  t.equal(mode(80), 'DISABLE');
  t.equal(mode(90), 'SIMPLE');
  t.equal(mode(70), undefined, 'a port level without TLS is no TLS');
  t.equal(mode(80, 'plain'), 'DISABLE');
  t.equal(mode(80, 'own'), 'ISTIO_MUTUAL');
  t.equal(mode(80, 'port'), undefined);
  t.equal(tlsFor(found, 80, 'other').isSubsetMissing, true);
  t.end();
});
