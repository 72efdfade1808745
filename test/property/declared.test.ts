import fc from 'fast-check';
import t from 'tap';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Flow } from '../../controller/declared/expectation.ts';
import { buildMesh } from '../../controller/declared/mesh.ts';
import type { K8sObject } from '../../controller/declared/objects.ts';
import {
  effectivePeerAuthentication,
  modeAt,
  readPeerAuthentications,
} from '../../controller/declared/peer-authentication.ts';
import { ap, ask, CALLERS, flow, pa, smallMesh } from '../unit/controller/declared/small-mesh.ts';

const RUNS = { numRuns: 150 };

const mode = fc.constantFrom('STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET', undefined);
const policyShape = fc.record({
  namespace: fc.constantFrom('foo', 'istio-system', 'bar'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  age: fc.integer({ min: 1, max: 3 }),
  selector: fc.constantFrom(null, {}, { app: 't' }, { app: 'x' }),
  mode,
  ports: fc.dictionary(fc.constantFrom('8080', '9090'), mode, { maxKeys: 2 }),
});
type Shape = typeof policyShape extends fc.Arbitrary<infer T> ? T : never;

function toObject(shape: Shape): K8sObject {
  const { namespace, name, age, selector, ports } = shape;
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: {
      namespace,
      name,
      labels: {},
      annotations: {},
      ownerReferences: [],
      creationTimestamp: `2026-01-01T00:00:0${String(age)}Z`,
    },
    spec: {
      ...(selector === null ? {} : { selector: { matchLabels: selector } }),
      ...(shape.mode === undefined ? {} : { mtls: { mode: shape.mode } }),
      portLevelMtls: Object.fromEntries(Object.entries(ports).map(([port, value]) => [port, { mode: value }])),
    },
  };
}

/** The rules of a sidecar in words: of each scope the oldest, the narrower scope over the wider, ports from the workload's. */
function naiveMode(shapes: readonly Shape[], port: string): string {
  const isWide = ({ selector }: Shape): boolean => selector === null || Object.keys(selector).length === 0;
  const oldest = (of: readonly Shape[]): Shape | undefined =>
    [...of].sort((a, b) => a.age - b.age || (a.name < b.name ? -1 : 1))[0];
  const mesh = oldest(shapes.filter((shape) => isWide(shape) && shape.namespace === 'istio-system'));
  const namespace = oldest(shapes.filter((shape) => isWide(shape) && shape.namespace === 'foo'));
  const own = oldest(
    shapes.filter((shape) => !isWide(shape) && shape.namespace === 'foo' && shape.selector?.app === 't'),
  );
  const said = [own?.ports[port], own?.mode, namespace?.mode, mesh?.mode];
  const ofPort = own !== undefined && port in own.ports ? said : said.slice(1);
  return ofPort.find((value) => value !== undefined && value !== 'UNSET') ?? 'PERMISSIVE';
}

t.test('the mode of a port is what the rules say in plain words', (t) => {
  const pod = smallMesh().podsByKey.get('foo/t');
  if (pod === undefined) throw new Error('foo/t is missing');
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(
        fc.uniqueArray(policyShape, { maxLength: 7, selector: ({ namespace, name }) => `${namespace}/${name}` }),
        fc.constantFrom(8080, 9090, 5000),
        (shapes, port) => {
          const effective = effectivePeerAuthentication(
            readPeerAuthentications(shapes.map(toObject), 'istio-system'),
            pod,
          );
          return modeAt(effective, port).mode === naiveMode(shapes, String(port));
        },
      ),
      RUNS,
    );
  });
  t.end();
});

const anyFlow = fc.record(
  {
    id: fc.string(),
    source: fc.oneof(fc.constantFrom(...Object.values(CALLERS), 'node:one', 'ip:10.0.0.1'), fc.string()),
    target: fc.oneof(fc.constantFrom('foo/t', 'pod:foo/t', 'host:example.com', 'ip:10.0.0.1', 'bar/n'), fc.string()),
    port: fc.constantFrom(80, 90, 70, 8080, 15008, 15020, 0, -1),
    probe: fc.constantFrom('http', 'tcp', 'tcp-silent', 'grpc', 'tls', 'mtls', 'hbone', 'health'),
    via: fc.constantFrom('foo/t', 'x/y'),
    health: fc.string(),
    request: fc.record({ path: fc.string(), host: fc.string(), method: fc.string() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['id', 'source', 'target', 'port', 'probe'] },
);

t.test('whatever is asked, there is an answer', (t) => {
  const mesh = smallMesh({ objects: pa('foo/default', '{ mtls: { mode: STRICT } }') });
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(anyFlow, (asked) =>
        ['allow', 'deny', 'mixed', 'unknown'].includes(expectFlow(mesh, asked as Flow).expect),
      ),
      { numRuns: 500 },
    );
  });
  t.end();
});

t.test('whatever the objects say, a mesh is made of them, and flows are answered', (t) => {
  const kinds = [
    'Pod',
    'Service',
    'Deployment',
    'PeerAuthentication',
    'AuthorizationPolicy',
    'DestinationRule',
    'Sidecar',
    'NetworkPolicy',
    'VirtualService',
    'Gateway',
    'ServiceEntry',
    'RequestAuthentication',
    'ConfigMap',
    'EndpointSlice',
    'EnvoyFilter',
    'HTTPRoute',
  ];
  const words = [
    'selector',
    'rules',
    'from',
    'to',
    'source',
    'ports',
    'port',
    'hosts',
    'http',
    'mtls',
    'mode',
    'STRICT',
    'egress',
    'ingress',
    'template',
    'spec',
    'containers',
    'host',
    't',
  ];
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 80, -1, 't', 'STRICT', '*', ''),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const object = fc
    .record({ kind: fc.constantFrom(...kinds), name: fc.constantFrom('t', 'u'), spec: json })
    .map(({ kind, name, spec }): K8sObject => ({
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: { name, namespace: 'foo', labels: {}, annotations: {}, ownerReferences: [] },
      spec,
    }));
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.array(object, { maxLength: 8 }), anyFlow, (objects, asked) => {
        const mesh = buildMesh({ objects, digest: '', warnings: [] });
        return typeof expectFlow(mesh, asked).expect === 'string';
      }),
      { numRuns: 400 },
    );
  });
  t.end();
});

t.test('another DENY never opens anything', (t) => {
  const rule = fc.constantFrom(
    '{}',
    '{ from: [{ source: { namespaces: [bar] } }] }',
    "{ from: [{ source: { notPrincipals: ['*'] } }] }",
    "{ to: [{ operation: { paths: ['/'] } }] }",
    "{ to: [{ operation: { ports: ['8080'] } }] }",
  );
  const asked = fc.constantFrom(
    'S http t:80',
    'N http t:80',
    'S tcp t:90',
    'N tcp t:90',
    'S http t:70',
    'S2 http t:80',
  );
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), rule, asked, (rules, more, words) => {
        const deny = (all: readonly string[]): string =>
          all.map((one, index) => ap(`foo/d${String(index)}`, `{ action: DENY, rules: [${one}] }`)).join('');
        const before = ask(smallMesh({ objects: deny(rules) }), words).expect;
        const after = ask(smallMesh({ objects: deny([...rules, more]) }), words).expect;
        return !(before === 'deny' && after === 'allow');
      }),
      { numRuns: 40 },
    );
  });
  t.end();
});

t.test('the same flow has the same answer twice', (t) => {
  const mesh = smallMesh({ objects: pa('foo/default', '{ mtls: { mode: STRICT } }') });
  for (const words of ['S http t:80', 'N http t:80', 'A http t:80']) {
    t.strictSame(expectFlow(mesh, flow(words)), expectFlow(mesh, flow(words)), words);
  }
  t.end();
});
