import t from 'tap';
import { ask, dr, object, smallMesh } from './small-mesh.ts';

const entry = (spec: string): string => object('networking.istio.io/v1', 'ServiceEntry', 'bar/e', spec);
const api = { target: 'host:api.example', port: 80, request: { host: 'api.example' } } as const;

t.test('hosts of ServiceEntries', (t) => {
  const outside = entry(
    '{ hosts: [api.example], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }',
  );
  const inside = entry(
    '{ hosts: [api.example], location: MESH_INTERNAL, ports: [{ number: 80, name: http, protocol: HTTP }], resolution: STATIC, endpoints: [{ address: 10.0.0.1, serviceAccount: vm }] }',
  );
  const registry = object(
    'networking.istio.io/v1',
    'Sidecar',
    'bar/default',
    '{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }',
  );
  t.match(
    ask(smallMesh({ objects: outside }), 'S http x:80', api),
    { outcome: 'ALLOW_UNCAPTURED', transport: 'plaintext' },
    'never mTLS to the outside',
  );
  t.match(
    ask(smallMesh({ objects: inside }), 'S http x:80', api),
    { outcome: 'ALLOW_MTLS', transport: 'mtls' },
    'mTLS to a machine with a service account',
  );
  t.match(
    ask(smallMesh({ objects: registry }), 'S http x:8888', { ...api, port: 8888 }),
    { outcome: 'CLIENT_BLACKHOLE' },
    'REGISTRY_ONLY refuses what nobody registered',
  );
  t.match(
    ask(smallMesh({ objects: registry + outside }), 'S http x:80', api),
    { expect: 'allow' },
    'and lets pass what somebody did',
  );
  const tls = dr('bar/api', '{ host: api.example, trafficPolicy: { tls: { mode: SIMPLE } } }');
  t.match(
    ask(smallMesh({ objects: outside + tls }), 'S http x:80', api),
    { expect: 'allow', transport: 'tls' },
    "TLS by the caller's proxy",
  );
  t.end();
});

t.test('an ExternalName is another name for a service', (t) => {
  const alias = `
apiVersion: v1
kind: Service
metadata: { name: alias, namespace: bar }
spec: { type: ExternalName, externalName: t.foo.svc.cluster.local, ports: [{ port: 80, name: http }] }
---`;
  t.equal(ask(smallMesh({ objects: alias }), 'N http x:80', { target: 'bar/alias' }).outcome, 'ALLOW_PLAINTEXT');
  t.end();
});

t.test('objects that are not modelled are named on the flows that they touch', (t) => {
  const filter = object(
    'networking.istio.io/v1alpha3',
    'EnvoyFilter',
    'foo/lua',
    '{ workloadSelector: { labels: { app: t } } }',
  );
  t.match(ask(smallMesh({ objects: filter }), 'N http t:80').warnings, [
    'EnvoyFilter/foo/lua touches this flow and is not modelled',
  ]);
  t.equal(ask(smallMesh({ objects: filter }), 'N http t:80').expect, 'allow', 'and the expectation stands');
  const elsewhere = filter.replace('app: t', 'app: other');
  t.strictSame(ask(smallMesh({ objects: elsewhere }), 'N http t:80').warnings, []);
  const cilium = object('cilium.io/v2', 'CiliumNetworkPolicy', 'foo/c', '{ endpointSelector: {} }');
  t.match(ask(smallMesh({ objects: cilium }), 'N http t:80').warnings, [/^CiliumNetworkPolicy\/foo\/c/]);
  t.end();
});

t.test('flows that nobody can evaluate are unknown, and say why', (t) => {
  const mesh = smallMesh();
  t.match(ask(mesh, 'N http t:81'), { expect: 'unknown', outcome: 'UNKNOWN', warnings: [/no port 81/] });
  t.match(ask(mesh, 'N http nobody:80'), { expect: 'unknown', warnings: [/no service foo\/nobody/] });
  t.match(ask(mesh, 'x/nobody http t:80'), { expect: 'unknown', warnings: [/no workload or pod x\/nobody/] });
  t.match(ask(mesh, 'K health pod:8080', { health: 'liveness' }), {
    expect: 'unknown',
    warnings: [/no liveness health check/],
  });
  t.match(ask(mesh, 'N http t:80', { via: 'x/y' }), { expect: 'unknown', warnings: [/no gateway service x\/y/] });
  t.end();
});

t.test('a service without endpoints', (t) => {
  const empty = `
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: foo }
spec: { selector: { app: nobody }, ports: [{ port: 80, name: http }] }
---`;
  t.match(ask(smallMesh({ objects: empty }), 'S http empty:80'), { outcome: 'NO_ENDPOINTS', httpStatus: 503 });
  t.match(ask(smallMesh({ objects: empty }), 'N http empty:80'), { outcome: 'NO_ENDPOINTS' });
  t.end();
});
