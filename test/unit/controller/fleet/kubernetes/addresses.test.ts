import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import { addressesIn } from '../../../../../controller/fleet/kubernetes/addresses.ts';
import type { Target } from '../../../../../proto/vocabulary.ts';
import { livePod, liveObject, liveSnapshot } from '../../../../support/live-objects.ts';

interface Endpoint {
  readonly pod: string;
  readonly ip: string;
  readonly isReady?: boolean;
}

function service(key: string, spec: Readonly<Record<string, unknown>>, port: number, endpoints: readonly Endpoint[]) {
  const [namespace = '', name = ''] = key.split('/');
  return [
    liveObject('Service', key, { spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }], ...spec } }),
    liveObject('EndpointSlice', `${key}-1`, {
      labels: { 'kubernetes.io/service-name': name },
      ports: [{ name: 'http', port }],
      endpoints: endpoints.map(({ pod, ip, isReady = true }) => ({
        addresses: [ip],
        conditions: { ready: isReady },
        targetRef: { kind: 'Pod', namespace, name: pod },
      })),
    }),
  ];
}

const ONE = { pod: 'pay-1', ip: '10.0.0.1' };
const TWO = { pod: 'pay-2', ip: '10.0.0.2' };
const MESH = buildMesh(
  liveSnapshot(
    livePod('shop/pay-1', { account: 'pay', ip: '10.0.0.1' }),
    livePod('shop/pay-2', { account: 'pay', ip: '10.0.0.2' }),
    livePod('shop/six', { account: 'pay', ip: 'fd00::6' }),
    ...service('shop/single', { clusterIP: '10.96.0.1' }, 8080, [ONE]),
    ...service('shop/several', { clusterIP: '10.96.0.2' }, 8080, [ONE, TWO]),
    ...service('shop/half', { clusterIP: '10.96.0.3' }, 8080, [ONE, { ...TWO, isReady: false }]),
    ...service('shop/empty', { clusterIP: '10.96.0.4' }, 8080, []),
    ...service('shop/dual', { clusterIP: 'fd01::1', clusterIPs: ['fd01::1', '10.96.0.5'] }, 8080, [ONE, TWO]),
    ...service('shop/headless', { clusterIP: 'None' }, 80, [ONE, TWO]),
    ...service('shop/shifted', { clusterIP: 'None' }, 8080, [ONE]),
    ...service('shop/gateway', { clusterIP: '10.96.0.6' }, 8080, [ONE]),
  ),
);

t.test('what a caller dials', (t) => {
  const at = (host: string, port = 80, pod?: string) => ({
    address: { host, port },
    ...(pod !== undefined && { pod }),
  });
  const named = (name: string) => ({ kind: 'service', namespace: 'shop', name, port: 80 }) as const;
  const via = { namespace: 'shop', name: 'gateway', port: 80, host: 'shop.example' };
  const cases: readonly (readonly [what: string, target: Target, dialled: readonly object[]])[] = [
    ['a Service with one endpoint: which pod is known', named('single'), [at('10.96.0.1', 80, 'shop/pay-1')]],
    ['with several: who answers is chosen on the way', named('several'), [at('10.96.0.2')]],
    ['with one that is ready', named('half'), [at('10.96.0.3', 80, 'shop/pay-1')]],
    ['with none: its address is there all the same', named('empty'), [at('10.96.0.4')]],
    ['a dual-stack one by its first address', named('dual'), [at('fd01::1')]],
    [
      'a headless one by its pods',
      named('headless'),
      [at('10.0.0.1', 80, 'shop/pay-1'), at('10.0.0.2', 80, 'shop/pay-2')],
    ],
    ['a headless one whose pods listen elsewhere', named('shifted'), []],
    ['a Service that is not there', named('nobody'), []],
    ['a route through a gateway', { ...named('single'), via }, [at('10.96.0.6')]],
    ['a pod', { kind: 'pod', namespace: 'shop', name: 'pay-2', port: 8080 }, [at('10.0.0.2', 8080, 'shop/pay-2')]],
    ['an IPv6 pod', { kind: 'pod', namespace: 'shop', name: 'six', port: 8080 }, [at('fd00::6', 8080, 'shop/six')]],
    ['a pod that is not there', { kind: 'pod', namespace: 'shop', name: 'nobody', port: 8080 }, []],
  ];
  for (const [what, target, dialled] of cases) t.strictSame(addressesIn(MESH, target), dialled, what);
  t.end();
});
