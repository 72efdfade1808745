import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import { DEFAULT_PLAN_OPTIONS, makePlan } from '../../../../controller/plan/plan.ts';
import type { PlacedVantage, PlannedCell } from '../../../../controller/plan/plan.ts';
import type { K8sObject } from '../../../../controller/snapshot/snapshot.ts';
import { probeKey, targetKey } from '../../../../proto/vocabulary.ts';
import type { DataPlane } from '../../../../proto/vocabulary.ts';

function object(kind: string, key: string, rest: Record<string, unknown> = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const labels = (rest['labels'] ?? {}) as Record<string, string>;
  return {
    apiVersion: 'v1',
    kind,
    metadata: { namespace, name, labels, annotations: {}, ownerReferences: [] },
    ...rest,
  };
}

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number;
  readonly protocol?: string;
}

function pod(key: string, app: string, ports: readonly number[], container: Record<string, unknown> = {}): K8sObject {
  const containers = [{ name: 'app', ports: ports.map((containerPort) => ({ containerPort })), ...container }];
  return object('Pod', key, { labels: { app }, spec: { serviceAccountName: app, containers } });
}

function service(key: string, app: string, ports: readonly Port[], spec: Record<string, unknown> = {}): K8sObject {
  return object('Service', key, { spec: { selector: { app }, ports, ...spec } });
}

function mesh(...objects: readonly K8sObject[]): Mesh {
  return buildMesh({ objects, digest: '', warnings: [] });
}

function placed(workload: string, dataPlane: DataPlane = 'naked', serviceAccount?: string): PlacedVantage {
  const [namespace = '', name = ''] = workload.split('/');
  return { vantage: { namespace, serviceAccount: serviceAccount ?? name, dataPlane }, workload };
}

const BATCH = placed('legacy/batch');
const WEB = placed('shop/web', 'sidecar');
const PROBER = placed('meshproof/prober');
const KUBELET = placed('meshproof/kubelet', 'host');

function drawn(cells: readonly PlannedCell[]): readonly string[] {
  return cells.map(({ source, route }) => `${source} → ${targetKey(route.target)} ${probeKey(route.probe)}`);
}

t.test('every caller calls every service port with what the port is declared to speak', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080]),
    service('shop/pay', 'pay', [
      { name: 'http-web', port: 80, targetPort: 8080 },
      { name: 'grpc-api', port: 9000, targetPort: 8080 },
      { name: 'tcp-raw', port: 9001, targetPort: 8080 },
      { name: 'unnamed', port: 9002, targetPort: 8080 },
      { name: 'https-own', port: 9443, targetPort: 8080 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]),
  );
  t.same(drawn(makePlan(shop, [WEB, BATCH]).cells), [
    'legacy/batch → shop/pay:80 http GET /',
    'legacy/batch → shop/pay:9000 grpc',
    'legacy/batch → shop/pay:9001 tcp',
    'legacy/batch → shop/pay:9002 http GET /',
    'legacy/batch → shop/pay:9443 tls',
    'shop/web → shop/pay:80 http GET /',
    'shop/web → shop/pay:9000 grpc',
    'shop/web → shop/pay:9001 tcp',
    'shop/web → shop/pay:9002 http GET /',
    'shop/web → shop/pay:9443 tls',
  ]);
  t.end();
});

t.test('a call says whom it means', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080]),
    service('shop/pay', 'pay', [{ name: 'http', port: 80, targetPort: 8080 }]),
  );
  const [cell] = makePlan(shop, [BATCH], { ...DEFAULT_PLAN_OPTIONS, connectTimeoutMs: 300, timeoutMs: 700 }).cells;
  t.match(cell, {
    table: 'reachability',
    key: 'legacy/batch (naked) → shop/pay:80 http GET /',
    authority: 'pay.shop.svc.cluster.local:80',
    serverName: '',
    peerIdentities: ['spiffe://cluster.local/ns/shop/sa/pay'],
    attempts: 1,
    connectTimeoutMs: 300,
    timeoutMs: 700,
  });
  t.end();
});

t.test('there are attempts enough to meet every endpoint', (t) => {
  const three = mesh(
    ...['pay-1', 'pay-2', 'pay-3'].map((name) => pod(`shop/${name}`, 'pay', [8080])),
    service('shop/pay', 'pay', [{ name: 'http', port: 80, targetPort: 8080 }]),
    service('shop/none', 'nobody', [{ name: 'http', port: 80 }]),
  );
  const attempts = makePlan(three, [BATCH, WEB]).cells.map(({ key, attempts: count }) => `${key}: ${String(count)}`);
  t.same(attempts, [
    'legacy/batch (naked) → shop/none:80 http GET /: 1',
    'legacy/batch (naked) → shop/pay:80 http GET /: 3',
    'shop/web (sidecar) → shop/none:80 http GET /: 1',
    'shop/web (sidecar) → shop/pay:80 http GET /: 6',
  ]);
  t.end();
});

t.test('our own namespace is no target, and what cannot be dialled is not planned', (t) => {
  const odd = mesh(
    pod('meshproof/own', 'own', [8080]),
    service('meshproof/own', 'own', [{ port: 80, targetPort: 8080 }]),
    pod('shop/db-0', 'db', [5432]),
    service('shop/db', 'db', [{ name: 'tcp-db', port: 5432 }], { clusterIP: 'None' }),
    service('shop/db-moved', 'db', [{ name: 'tcp-db', port: 80, targetPort: 5432 }], { clusterIP: 'None' }),
    service('shop/db-empty', 'nobody', [{ name: 'tcp-db', port: 5432 }], { clusterIP: 'None' }),
    service('shop/outside', 'db', [{ name: 'tcp-db', port: 5432 }], {
      type: 'ExternalName',
      externalName: 'a.example',
    }),
  );
  t.same(drawn(makePlan(odd, [BATCH, PROBER, KUBELET]).cells.filter(({ table }) => table === 'reachability')), [
    'legacy/batch → shop/db:5432 tcp',
  ]);
  t.same(
    [...new Set(makePlan(odd, [PROBER]).cells.map(({ route }) => targetKey(route.target)))],
    ['pod:shop/db-0:5432'],
  );
  t.end();
});

t.test('the prober takes the fingerprint of every pod port, by what the port speaks', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080, 9100]),
    service('shop/pay', 'pay', [
      { name: 'grpc', port: 80, targetPort: 8080 },
      { name: 'tcp-raw', port: 70, targetPort: 7000 },
    ]),
  );
  const { cells } = makePlan(shop, [PROBER]);
  t.same(drawn(cells), [
    'meshproof/prober → pod:shop/pay-1:7000 tcp',
    'meshproof/prober → pod:shop/pay-1:7000 tls',
    'meshproof/prober → pod:shop/pay-1:7000 tls istio-http/1.1 istio',
    'meshproof/prober → pod:shop/pay-1:7000 mtls istio',
    'meshproof/prober → pod:shop/pay-1:7000 mtls-untrusted istio',
    'meshproof/prober → pod:shop/pay-1:8080 grpc',
    'meshproof/prober → pod:shop/pay-1:8080 tls',
    'meshproof/prober → pod:shop/pay-1:8080 tls istio-http/1.1 istio',
    'meshproof/prober → pod:shop/pay-1:8080 mtls istio-h2 istio h2',
    'meshproof/prober → pod:shop/pay-1:8080 mtls-untrusted istio-h2 istio h2',
    'meshproof/prober → pod:shop/pay-1:9100 http GET /',
    'meshproof/prober → pod:shop/pay-1:9100 tls',
    'meshproof/prober → pod:shop/pay-1:9100 tls istio-http/1.1 istio',
    'meshproof/prober → pod:shop/pay-1:9100 mtls istio-http/1.1 istio http/1.1',
    'meshproof/prober → pod:shop/pay-1:9100 mtls-untrusted istio-http/1.1 istio http/1.1',
  ]);
  const facts = cells.map(({ serverName, authority, peerIdentities }) => [serverName, authority, peerIdentities]);
  const identity = ['spiffe://cluster.local/ns/shop/sa/pay'];
  t.same(facts[0], ['', 'pay.shop.svc.cluster.local:70', []], 'cleartext has no server name');
  t.same(facts[3], ['outbound_.70_._.pay.shop.svc.cluster.local', 'pay.shop.svc.cluster.local:70', identity]);
  t.same(facts[13], ['', '', identity], 'a port behind no Service has no name');
  t.end();
});

t.test('a port named by several Services is probed once', (t) => {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080]),
    service('shop/pay', 'pay', ports),
    service('shop/pay-too', 'pay', ports),
  );
  const transport = makePlan(shop, [PROBER]).cells;
  t.equal(transport.length, 5);
  t.ok(transport.every(({ authority }) => authority === 'pay.shop.svc.cluster.local:80'));
  t.end();
});

t.test('a prober sends the checks where nothing of ours is on a node', (t) => {
  const shop = mesh(pod('shop/pay-1', 'pay', [8080], { livenessProbe: { httpGet: { path: '/live', port: 8080 } } }));
  const healthOf = (vantages: readonly PlacedVantage[]): readonly string[] =>
    drawn(makePlan(shop, vantages).cells.filter(({ table }) => table === 'health'));
  const checks = ['kubelet', 'original'].map((variant) => `pod:shop/pay-1:8080 health app/liveness ${variant}`);
  t.same(
    healthOf([PROBER]),
    checks.map((check) => `meshproof/prober → ${check}`),
  );
  t.same(
    healthOf([PROBER, KUBELET]),
    checks.map((check) => `meshproof/kubelet → ${check}`),
  );
  t.end();
});

t.test('a check of an ambient pod is not sent from a pod, whom its ztunnel would treat as anybody', (t) => {
  const namespace = object('Namespace', '/shop', { labels: { 'istio.io/dataplane-mode': 'ambient' } });
  const checked = { livenessProbe: { httpGet: { path: '/live', port: 8080 } } };
  const shop = mesh(namespace, pod('shop/pay-1', 'pay', [8080], checked));
  const checks = (placed: PlacedVantage): number =>
    makePlan(shop, [placed]).cells.filter(({ table }) => table === 'health').length;
  t.same([checks(PROBER), checks(KUBELET)], [0, 2]);
  t.end();
});

t.test('the kubelet sends each network check as it is, and the original straight to the app', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080], {
      livenessProbe: { httpGet: { path: '/live', port: 8080 } },
      readinessProbe: { tcpSocket: { port: 8080 } },
      startupProbe: { exec: { command: ['true'] } },
    }),
  );
  t.same(drawn(makePlan(shop, [KUBELET]).cells), [
    'meshproof/kubelet → pod:shop/pay-1:8080 health app/liveness kubelet',
    'meshproof/kubelet → pod:shop/pay-1:8080 health app/liveness original',
    'meshproof/kubelet → pod:shop/pay-1:8080 health app/readiness kubelet',
  ]);
  t.end();
});

t.test("where there is a vantage a node, a check is sent from its pod's own", (t) => {
  const on = (name: string, nodeName: string): K8sObject => {
    const { spec, ...rest } = pod(`shop/${name}`, 'pay', [8080], {
      livenessProbe: { httpGet: { path: '/live', port: 8080 } },
    });
    return { ...rest, spec: { ...(spec as object), nodeName } };
  };
  const kubelet = (node: string): PlacedVantage => {
    return { vantage: { ...KUBELET.vantage, node }, workload: `meshproof/kubelet-${node}` };
  };
  const { cells } = makePlan(mesh(on('pay-1', 'one'), on('pay-2', 'two')), [kubelet('one'), kubelet('two')]);
  t.same(
    cells
      .filter(({ route }) => route.probe.kind === 'health' && route.probe.variant === 'kubelet')
      .map(({ key }) => key),
    [
      'meshproof/kubelet (host one) → pod:shop/pay-1:8080 health app/liveness kubelet',
      'meshproof/kubelet (host two) → pod:shop/pay-2:8080 health app/liveness kubelet',
    ],
  );
  t.end();
});

t.test('a rewritten check is sent to the status port, too', (t) => {
  const shop = mesh(
    object('Namespace', '/shop', { labels: { 'istio-injection': 'enabled' } }),
    pod('shop/pay-1', 'pay', [8080], { livenessProbe: { httpGet: { path: '/live', port: 8080 } } }),
  );
  const { cells } = makePlan(shop, [KUBELET]);
  t.same(drawn(cells), [
    'meshproof/kubelet → pod:shop/pay-1:15020 health app/liveness kubelet',
    'meshproof/kubelet → pod:shop/pay-1:8080 health app/liveness original',
    'meshproof/kubelet → pod:shop/pay-1:15020 health app/liveness rewritten',
  ]);
  t.match(cells[0]?.route.probe, { action: { kind: 'httpGet', path: '/app-health/app/livez', scheme: 'HTTP' } });
  t.end();
});

t.test('routes through a gateway are taken from the naked prober, by their host', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080]),
    service('shop/pay', 'pay', [{ name: 'http', port: 80, targetPort: 8080 }]),
    service('edge/gateway', 'gateway', [{ name: 'http', port: 8080 }]),
  );
  const backend = { service: 'shop/pay', port: 80 };
  const gatewayRoutes = ['shop.example', '*.shop.example', '*'].map((host) => ({
    gateway: 'edge/gateway',
    port: 8080,
    host,
    backend,
  }));
  const cells = makePlan({ ...shop, gatewayRoutes }, [PROBER]).cells.filter(({ table }) => table === 'reachability');
  t.same(drawn(cells), [
    'meshproof/prober → shop/pay:80 via edge/gateway:8080 (shop.example) http GET /',
    'meshproof/prober → shop/pay:80 via edge/gateway:8080 (meshproof.shop.example) http GET /',
    'meshproof/prober → shop/pay:80 via edge/gateway:8080 (pay.shop.svc.cluster.local) http GET /',
  ]);
  t.same(
    cells.map(({ authority }) => authority),
    ['shop.example', 'meshproof.shop.example', 'pay.shop.svc.cluster.local'],
  );
  t.end();
});

t.test('workloads with one identity and data plane are one vantage, for which the first by name stands', (t) => {
  const shop = mesh(
    pod('shop/pay-1', 'pay', [8080]),
    service('shop/pay', 'pay', [{ name: 'http', port: 80, targetPort: 8080 }]),
  );
  const plan = makePlan(shop, [
    placed('shop/z', 'sidecar', 'sa'),
    placed('shop/a', 'sidecar', 'sa'),
    placed('shop/m', 'naked', 'sa'),
  ]);
  t.same(
    plan.vantages.map(({ workload }) => workload),
    ['shop/m', 'shop/a'],
  );
  t.equal(plan.cells.length, 2);
  t.end();
});

t.test('a vantage that has nothing to do is not in the plan', (t) => {
  t.same(makePlan(mesh(), [BATCH, PROBER, KUBELET]), { cells: [], vantages: [], optedOut: [] });
  t.end();
});
