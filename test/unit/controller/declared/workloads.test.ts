import t from 'tap';
import { meshOf, service, SIDECAR, workload } from './small-mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';

function podLines(mesh: Mesh): readonly string[] {
  return mesh.pods.map((pod) => `${pod.workload} ${pod.key} ${pod.dataPlane} ${pod.tlsMode}`);
}

const pod = (name: string, more = '', spec = 'containers: [{ name: app }]'): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: foo${more} }
spec: { ${spec} }
---`;

t.test('a template stands for one pod of its own name, until pods are given', (t) => {
  t.strictSame(podLines(meshOf(workload({}))), ['foo/t foo/t naked disabled']);
  const given = workload({}) + pod('t-1', ', labels: { app: t }') + pod('t-2', ', labels: { app: t }');
  t.strictSame(podLines(meshOf(given)), ['foo/t foo/t-1 naked disabled', 'foo/t foo/t-2 naked disabled']);
  t.end();
});

t.test('pods belong to the topmost owner, whether or not that is in the manifests', (t) => {
  const owned = (kind: string, name: string, labels = ''): string =>
    `, ownerReferences: [{ kind: ${kind}, name: ${name}, controller: true }]${labels}`;
  const objects = [
    pod('web-1', owned('ReplicaSet', 'web-5d8f', ', labels: { pod-template-hash: 5d8f }')),
    pod('db-0', owned('StatefulSet', 'db')),
    pod('tick-1', owned('Job', 'tick-123')),
    `
apiVersion: batch/v1
kind: Job
metadata: { name: tick-123, namespace: foo, ownerReferences: [{ kind: CronJob, name: tick, controller: true }] }
spec: { template: { spec: { containers: [{ name: app }] } } }
---`,
    pod('bare'),
    pod('static', owned('Node', 'one')),
  ].join('');
  t.strictSame(
    meshOf(objects).workloads.map(({ key, pods }) => `${key} ${pods.map(({ name }) => name).join()}`),
    ['foo/bare bare', 'foo/db db-0', 'foo/static static', 'foo/tick tick-1', 'foo/web web-1'],
  );
  t.end();
});

t.test('owners that are owned or scaled to nothing stand for no pod', (t) => {
  const scaled = workload({}).replace('spec:\n  selector', 'spec:\n  replicas: 0\n  selector');
  const old = workload({ name: 'old' }).replace(
    'namespace: foo }',
    'namespace: foo, ownerReferences: [{ kind: Deployment, name: new }] }',
  );
  t.strictSame(podLines(meshOf(scaled + old)), []);
  t.end();
});

t.test('sidecars are seen where they are, and predicted where the webhook has not been', (t) => {
  const injected = ", labels: { security.istio.io/tlsMode: istio }, annotations: { sidecar.istio.io/status: '{}' }";
  const live = (name: string, more: string, spec: string): string =>
    `${pod(name, `, uid: u${more}`, spec).replace('---', '')}status: { phase: Running, podIP: 10.0.0.1 }\n---`;
  const namespace =
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: foo, labels: { istio-injection: enabled } }\n---';
  const both = 'containers: [{ name: app }, { name: istio-proxy }]';
  const native = 'containers: [{ name: app }], initContainers: [{ name: istio-proxy, restartPolicy: Always }]';
  const mesh = meshOf(
    namespace +
      live('classic', injected, both) +
      live('native', injected, native) +
      live('missed', '', 'containers: [{ name: app }]') +
      pod('predicted') +
      pod('host', '', 'hostNetwork: true, containers: [{ name: app }]'),
  );
  t.strictSame(podLines(mesh), [
    'foo/classic foo/classic sidecar istio',
    'foo/host foo/host host disabled',
    'foo/missed foo/missed naked disabled',
    'foo/native foo/native sidecar istio',
    'foo/predicted foo/predicted sidecar istio',
  ]);
  t.end();
});

t.test('gateways are no sidecars', (t) => {
  const mesh = meshOf(
    workload({ name: 'edge', labels: SIDECAR, annotations: { 'inject.istio.io/templates': 'gateway' } }) +
      workload({
        name: 'way',
        labels: {
          'gateway.networking.k8s.io/gateway-name': 'way',
          'gateway.istio.io/managed': 'istio.io-mesh-controller',
        },
      }) +
      pod('old', '', 'containers: [{ name: istio-proxy, args: [proxy, router] }]'),
  );
  t.strictSame(
    mesh.pods.map(({ name, dataPlane }) => `${name} ${dataPlane}`),
    ['edge gateway', 'old gateway', 'way waypoint'],
  );
  t.end();
});

t.test('the endpoints of a service are those of its objects, else those of its selector', (t) => {
  const ends = (objects: string): readonly string[] =>
    (meshOf(objects).servicesByKey.get('foo/t')?.ports ?? []).flatMap(({ port, endpoints }) =>
      endpoints.map((end) => `${String(port)} ${end.pod ?? end.address}:${String(end.port)}`),
    );
  t.strictSame(ends(workload({}) + service()), ['80 foo/t:8080', '90 foo/t:9090', '70 foo/t:7070']);
  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: t-1, namespace: foo, labels: { kubernetes.io/service-name: t } }
ports: [{ name: http, port: 8081 }]
endpoints:
  - { addresses: [10.0.0.9], targetRef: { kind: Pod, name: t } }
  - { addresses: [10.0.0.8], conditions: { ready: false } }
---`;
  t.strictSame(ends(workload({}) + service() + slice), ['80 foo/t:8081'], 'slices');
  const plain = `
apiVersion: v1
kind: Endpoints
metadata: { name: t, namespace: foo }
subsets: [{ addresses: [{ ip: 10.0.0.7 }], ports: [{ name: http, port: 1 }] }]
---`;
  t.strictSame(ends(service() + plain), ['80 10.0.0.7:1'], 'Endpoints, of no pod');
  const named = workload({}).replace('{ containerPort: 8080 }', '{ containerPort: 8085, name: web }');
  t.strictSame(ends(named + service().replace('targetPort: 8080', 'targetPort: web'))[0], '80 foo/t:8085', 'a name');
  t.strictSame(
    ends(workload({}) + service().replace('targetPort: 8080', 'targetPort: web')).length,
    2,
    'a name that is not there',
  );
  t.end();
});

t.test('the oldest service says what a port speaks', (t) => {
  const at = (name: string, created: string, port: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: foo, creationTimestamp: '${created}' }
spec: { selector: { app: t }, ports: [{ name: ${port}, port: 80, targetPort: 8080 }] }
---`;
  const mesh = meshOf(workload({}) + at('a', '2026-02-01T00:00:00Z', 'tcp') + at('b', '2026-01-01T00:00:00Z', 'http'));
  const [found] = mesh.pods;
  t.equal(found === undefined ? null : mesh.portOwner(found, 8080)?.service.name, 'b');
  t.end();
});
