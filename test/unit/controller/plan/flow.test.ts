import t from 'tap';
import type { Flow } from '../../../../controller/declared/expectation.ts';
import { flowOf } from '../../../../controller/plan/flow.ts';
import type { HealthAction, HealthVariant, Probe, Route, Target } from '../../../../proto/vocabulary.ts';
import { routeKey } from '../../../../proto/vocabulary.ts';

const SERVICE: Target = { kind: 'service', namespace: 'shop', name: 'pay', port: 80 };
const POD: Target = { kind: 'pod', namespace: 'shop', name: 'pay-1', port: 8080 };
const VIA: Target = { ...SERVICE, via: { namespace: 'edge', name: 'gateway', port: 8080, host: 'shop.example' } };

function health(variant: HealthVariant, action: HealthAction): Probe {
  return { kind: 'health', container: 'app', check: 'liveness', variant, action };
}

const HTTP_GET: HealthAction = { kind: 'httpGet', path: '/live', scheme: 'HTTP', headers: [] };
const CHECK = { method: 'POST', path: '/grpc.health.v1.Health/Check' };
const ALPN = ['istio-http/1.1', 'istio'];

const FROM_WORKLOAD: readonly (readonly [Target, Probe, Omit<Flow, 'id' | 'source'>])[] = [
  [
    SERVICE,
    { kind: 'http', method: 'GET', path: '/' },
    { target: 'shop/pay', port: 80, probe: 'http', request: { method: 'GET', path: '/' } },
  ],
  [SERVICE, { kind: 'tcp' }, { target: 'shop/pay', port: 80, probe: 'tcp' }],
  [SERVICE, { kind: 'grpc' }, { target: 'shop/pay', port: 80, probe: 'grpc', request: CHECK }],
  [
    VIA,
    { kind: 'http', method: 'GET', path: '/' },
    {
      target: 'shop/pay',
      port: 80,
      probe: 'http',
      via: 'edge/gateway',
      request: { method: 'GET', path: '/', host: 'shop.example' },
    },
  ],
  [
    POD,
    { kind: 'tls', alpn: ALPN },
    { target: 'pod:shop/pay-1', port: 8080, probe: 'tls', tls: { alpn: ALPN, certificate: 'none' } },
  ],
  [
    POD,
    { kind: 'mtls', alpn: ALPN, application: 'http' },
    {
      target: 'pod:shop/pay-1',
      port: 8080,
      probe: 'mtls',
      tls: { alpn: ALPN, certificate: 'valid', as: 'meshproof/prober' },
      request: { method: 'GET', path: '/' },
    },
  ],
  [
    POD,
    { kind: 'mtls', alpn: ['istio-h2'], application: 'grpc' },
    {
      target: 'pod:shop/pay-1',
      port: 8080,
      probe: 'mtls',
      tls: { alpn: ['istio-h2'], certificate: 'valid', as: 'meshproof/prober' },
      request: CHECK,
    },
  ],
  [
    POD,
    { kind: 'mtls-untrusted', alpn: ['istio'], application: 'tcp' },
    {
      target: 'pod:shop/pay-1',
      port: 8080,
      probe: 'mtls',
      tls: { alpn: ['istio'], certificate: 'untrusted-ca', as: 'meshproof/prober' },
    },
  ],
];

t.test('a probe from a workload is a flow of that workload', (t) => {
  for (const [target, probe, expected] of FROM_WORKLOAD) {
    const vantage = { namespace: 'meshproof', serviceAccount: 'prober', dataPlane: 'naked' } as const;
    const route: Route = { vantage, target, probe };
    const id = routeKey(route);
    t.same(flowOf(route, 'meshproof/prober'), { id, source: 'meshproof/prober', ...expected }, id);
  }
  t.end();
});

const FROM_NODE: readonly (readonly [string, Probe, Partial<Flow>])[] = [
  ['what the kubelet sends', health('kubelet', HTTP_GET), { probe: 'health', health: 'app/liveness' }],
  ['the rewritten path', health('rewritten', HTTP_GET), { probe: 'health', health: 'app/liveness' }],
  [
    'the original HTTP check',
    health('original', HTTP_GET),
    { probe: 'http', request: { method: 'GET', path: '/live' } },
  ],
  [
    'the original HTTPS check',
    health('original', { ...HTTP_GET, scheme: 'HTTPS' }),
    { probe: 'tls', tls: { alpn: [], certificate: 'none' } },
  ],
  ['the original gRPC check', health('original', { kind: 'grpc', service: '' }), { probe: 'grpc', request: CHECK }],
];

t.test('a probe from a node is a flow of the kubelet', (t) => {
  for (const [what, probe, expected] of FROM_NODE) {
    const vantage = { namespace: 'meshproof', serviceAccount: 'kubelet', dataPlane: 'host' } as const;
    const route: Route = { vantage, target: POD, probe };
    const place = { id: routeKey(route), source: 'kubelet', target: 'pod:shop/pay-1', port: 8080 };
    t.same(flowOf(route, 'meshproof/kubelet'), { ...place, ...expected }, what);
  }
  t.end();
});
