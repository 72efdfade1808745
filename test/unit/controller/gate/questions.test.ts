import t from 'tap';
import type { Flow } from '../../../../controller/declared/expectation.ts';
import { expectFlow } from '../../../../controller/declared/expect.ts';
import { declaredCell } from '../../../../controller/gate/declared-cell.ts';
import { besideCalls, questionsOf } from '../../../../controller/gate/questions.ts';
import { meshOf } from '../declared/small-mesh.ts';

const pod = (place: string, { labels = '', more = '' } = {}): string => {
  const [namespace = '', name = ''] = place.split('/');
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { ${labels} } }
spec: { containers: [{ name: app, ports: [{ containerPort: 8080 }] ${more} }] }
---`;
};
const SIDECAR = 'sidecar.istio.io/inject: "true"';
/** The kubelet asks the sidecar's status port, to which the check has been rewritten. */
const LIVENESS = 'pod:shop/web:15020 health app/liveness';
const MESH = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: stock, namespace: shop }
spec: { selector: { matchLabels: { app: stock } }, template: { metadata: { labels: { app: stock } }, spec: {} } }
---
${pod('shop/stock-1', { labels: `app: stock, ${SIDECAR}` })}
${pod('shop/stock-2', { labels: 'app: stock' })}
${pod('shop/web', {
  labels: SIDECAR,
  more: ', livenessProbe: { tcpSocket: { port: 8080 } }, readinessProbe: { exec: { command: [x] } }',
})}
${pod('meshproof/prober')}
${pod('edge/gateway', { labels: 'istio: ingressgateway' })}
apiVersion: v1
kind: Service
metadata: { name: gateway, namespace: edge }
spec: { selector: { istio: ingressgateway }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: stock, namespace: shop }
spec: { selector: { app: stock }, ports: [{ name: tcp-x, port: 81, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: shop, namespace: edge }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [shop.example] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: edge }
spec:
  hosts: [shop.example]
  gateways: [shop]
  http: [{ route: [{ destination: { host: stock.shop.svc.cluster.local, port: { number: 81 } } }] }]
`;
const drawn = (flow: Flow): string =>
  [flow.source, `${flow.target}:${String(flow.port)}`, flow.probe, flow.via, flow.request?.host, flow.health]
    .filter((word) => word !== undefined)
    .join(' ');

t.test('every caller is paired with every port; a workload of two data planes calls twice', (t) => {
  t.same([...questionsOf(meshOf(MESH))].map(drawn), [
    ...['shop/stock-1', 'shop/stock-2', 'shop/web'].flatMap((source) => [
      `${source} edge/gateway:80 http`,
      `${source} shop/stock:81 tcp`,
    ]),
    'ip:192.0.2.1 shop/stock:81 http edge/gateway shop.example',
    `kubelet ${LIVENESS}`,
  ]);
  t.end();
});

t.test('beside the calls of workloads there are second planes, gateways and health checks', (t) => {
  t.same([...besideCalls(meshOf(MESH))].map(drawn), [
    'shop/stock-2 edge/gateway:80 http',
    'shop/stock-2 shop/stock:81 tcp',
    'ip:192.0.2.1 shop/stock:81 http edge/gateway shop.example',
    `kubelet ${LIVENESS}`,
  ]);
  t.end();
});

t.test('a question is a cell of the table that it belongs to, with a key that tells callers apart', (t) => {
  const mesh = meshOf(MESH);
  const keys = [...questionsOf(mesh)].map((flow) => {
    const cell = declaredCell(mesh, flow, expectFlow(mesh, flow));
    return cell === null ? null : `${cell.table}: ${cell.key}`;
  });
  t.same(keys, [
    ...['shop/stock-1', 'shop/stock-2', 'shop/web'].flatMap((source) => [
      `reachability: ${source} → edge/gateway:80 http GET /`,
      `reachability: ${source} → shop/stock:81 tcp`,
    ]),
    'reachability: outside → shop/stock:81 via edge/gateway:80 (shop.example) http GET /',
    `health: kubelet → ${LIVENESS} kubelet`,
  ]);
  t.end();
});

t.test('what has no place in a matrix is no cell', (t) => {
  const mesh = meshOf(MESH);
  const nowhere: readonly Partial<Flow>[] = [
    { source: 'nobody/here' },
    { source: 'edge/gateway' },
    { target: 'host:example.com' },
    { target: 'ip:10.0.0.1' },
    { probe: 'hbone' },
    { probe: 'health', target: 'pod:shop/stock-1' },
  ];
  for (const change of nowhere) {
    const flow: Flow = { id: '', source: 'shop/web', target: 'shop/stock', port: 81, probe: 'http', ...change };
    t.equal(declaredCell(mesh, flow, expectFlow(mesh, flow)), null, JSON.stringify(change));
  }
  t.end();
});
