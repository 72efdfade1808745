/** Objects of every kind with anything at all below their metadata: whatever parses is evaluated, and nothing throws. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Flow } from '../../controller/declared/expectation.ts';
import { buildMesh } from '../../controller/declared/mesh.ts';
import type { Mesh } from '../../controller/declared/mesh.ts';
import { findConflicts } from '../../controller/judge/conflicts.ts';
import { parseDocuments } from '../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../controller/snapshot/files.ts';
import { objectsOf } from '../../controller/snapshot/objects.ts';

const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  ...['Namespace', 'Pod', 'Service', 'Endpoints', 'ServiceAccount', 'Node', 'ConfigMap'].map(
    (kind) => ['v1', kind] as const,
  ),
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => ['apps/v1', kind] as const),
  ['batch/v1', 'Job'],
  ['batch/v1', 'CronJob'],
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ...['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'].map(
    (kind) => ['security.istio.io/v1', kind] as const,
  ),
  ...[
    'DestinationRule',
    'Sidecar',
    'ServiceEntry',
    'WorkloadEntry',
    'VirtualService',
    'Gateway',
    'EnvoyFilter',
    'ProxyConfig',
  ].map((kind) => ['networking.istio.io/v1', kind] as const),
  ['gateway.networking.k8s.io/v1', 'Gateway'],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['extensions.istio.io/v1alpha1', 'WasmPlugin'],
  ['cilium.io/v2', 'CiliumNetworkPolicy'],
  ['policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy'],
];

/** Names of fields that are read somewhere, so that junk gets deep into the readers. */
const FIELDS = `spec selector matchLabels matchExpressions key operator values mtls mode portLevelMtls rules from source
principals namespaces ipBlocks to operation methods paths hosts ports when notValues action provider name targetRefs
targetRef kind group host trafficPolicy tls portLevelSettings port number subsets labels exportTo workloadSelector egress
ingress outboundTrafficPolicy endpoints address resolution location addresses http route destination subset weight match
uri prefix exact regex headers gateways servers protocol tcp sni template metadata annotations containers initContainers
env args containerPort livenessProbe readinessProbe startupProbe httpGet tcpSocket grpc exec path scheme httpHeaders
serviceAccountName hostNetwork nodeName status podIP podIPs phase ownerReferences conditions ready clusterIP clusterIPs
type externalName targetPort appProtocol ip targetRef ipBlock cidr except podSelector namespaceSelector policyTypes
endPort jwtRules issuer audiences jwks jwksUri data mesh values config replicas jobTemplate parentRefs backendRefs
hostnames filters listeners loadBalancer credentialName allowedRoutes 8080 80`.split(/\s+/);
const TEXTS = [
  '',
  '*',
  'foo',
  'foo/t',
  '8080',
  'STRICT',
  'ALLOW',
  'DENY',
  'REGISTRY_ONLY',
  '10.0.0.0/8',
  '10.0.0.0/99',
];
const MORE = [
  't',
  'app',
  't.foo.svc.cluster.local',
  '*.foo',
  './*',
  '~',
  'ISTIO_MUTUAL',
  'In',
  '(',
  '[a',
  '\uD800',
  '%2e',
];

const scalar = fc.oneof(
  fc.constantFrom(...TEXTS, ...MORE),
  fc.constantFrom(null, true, false, 0, -1, 5, 8080, 70_000, 1.5, 1e300),
);
const { junk } = fc.letrec<{ junk: unknown }>((tie) => ({
  junk: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    scalar,
    fc.dictionary(fc.constantFrom(...FIELDS), tie('junk'), { maxKeys: 6, noNullPrototype: true }),
    fc.array(tie('junk'), { maxLength: 3 }),
  ),
}));
const object = fc
  .tuple(
    fc.constantFrom(...KINDS),
    fc.constantFrom('t', 'default', 'istio'),
    fc.constantFrom('foo', 'istio-system', undefined),
    fc.record(
      { labels: junk, annotations: junk, ownerReferences: junk, creationTimestamp: junk },
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.constantFrom('spec', 'data', 'status', 'endpoints', 'ports', 'subsets', 'roleRef'), junk),
  )
  .map(([[apiVersion, kind], name, namespace, metadata, rest]) => ({
    ...rest,
    apiVersion,
    kind,
    metadata: { ...metadata, name, namespace },
  }));

/** A caller and a callee that are always there, so that policies have somebody to be about. */
const GROUND = ['t', 'c'].flatMap((name) => [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'foo', labels: { app: name, 'sidecar.istio.io/inject': 'true' } },
    spec: { containers: [{ name, ports: [{ containerPort: 8080 }] }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-service`, namespace: 'foo' },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080, name: 'http' }] },
  },
]);

function flowsOf(mesh: Mesh): readonly Flow[] {
  const sources = [...mesh.workloads.map(({ key }) => key).slice(0, 4), 'kubelet', 'ip:192.0.2.1', 'nobody/here'];
  const targets = [
    ...mesh.services.slice(0, 4).flatMap(({ key, ports }) => ports.slice(0, 2).map(({ port }) => [key, port] as const)),
    ...mesh.pods.slice(0, 3).map(({ key }) => [`pod:${key}`, 8080] as const),
    ['host:t.foo.svc.cluster.local', 80],
    ['ip:10.0.0.1', 80],
  ] as const;
  return sources.flatMap((source) =>
    targets.flatMap(([target, port]) =>
      (['http', 'tcp', 'tls', 'mtls', 'hbone', 'health'] as const).map((probe) => ({
        id: '1',
        source,
        target,
        port,
        probe,
        ...(probe === 'http' ? { request: { path: '/a%2e', headers: { X: 'y' }, token: { iss: 'foo' } } } : {}),
      })),
    ),
  );
}

function evaluate(objects: readonly unknown[]): void {
  const source = { file: 'a.json', text: JSON.stringify(objects) };
  const snapshot = snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document)));
  const mesh = buildMesh(snapshot);
  findConflicts(mesh, []);
  for (const flow of flowsOf(mesh)) expectFlow(mesh, flow);
}

t.test('whatever parses is evaluated, and nothing throws', (t) => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 6 }), (objects) => {
      evaluate([...GROUND, ...objects]);
    }),
    { numRuns: 400 },
  );
  t.end();
});

/** The value with what stands at the n-th of its places (counted as they come) replaced. */
function withJunkAt(value: unknown, place: number, put: unknown): unknown {
  let left = place;
  const visit = (here: unknown, depth: number): unknown => {
    // What makes it an object at all stays: kind, apiVersion and names.
    if (depth > 2 && left-- === 0) return put;
    if (Array.isArray(here)) return here.map((item) => visit(item, depth + 1));
    if (typeof here !== 'object' || here === null) return here;
    return Object.fromEntries(
      Object.entries(here).map(([key, item]) => [key, visit(item, key === 'metadata' ? depth : depth + 1)]),
    );
  };
  return visit(value, 0);
}

t.test('sound manifests with a wrong type somewhere are evaluated, and nothing throws', (t) => {
  const folder = new URL('../../deploy/sandbox/scenarios/shop/manifests/', import.meta.url);
  const sound = readdirSync(folder).flatMap((name) =>
    parseDocuments({ file: name, text: readFileSync(new URL(name, folder), 'utf8') }).map(({ value }) => value),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2000), junk), { minLength: 1, maxLength: 8 }), (damages) => {
      evaluate(damages.reduce<unknown>((value, [place, put]) => withJunkAt(value, place, put), sound) as unknown[]);
    }),
    { numRuns: 150 },
  );
  t.end();
});
