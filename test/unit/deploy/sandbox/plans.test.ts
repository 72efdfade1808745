/** What each proxy is told, worked out from a reality. */
import t from 'tap';
import type { InnerNetwork } from '../../../../deploy/sandbox/network.ts';
import { makePlans } from '../../../../deploy/sandbox/plans.ts';
import { podsOf } from '../../../../deploy/sandbox/pods.ts';
import { realitySchema, type Reality } from '../../../../deploy/sandbox/reality.ts';

const address = (host: string, port: number): { host: string; port: number } => ({ host, port });

/** Names in place of numbers, so that an expectation can be read. */
const network: InnerNetwork = {
  podAddress: address,
  serviceAddress: (service, port) => address(`virtual ${service}`, port),
  endpointsOf: () => [],
  map: { pods: {}, services: {} },
  appAddress: (pod, port) => address(`app of ${pod}`, port),
  captureAddress: (pod) => address(`capture of ${pod}`, 15001),
  certificateService: address('ca', 15012),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const reality = realitySchema.parse({
  workloads: {
    'shop/web': {
      dataPlane: 'sidecar',
      outbound: [
        { to: 'shop/cart', tls: 'ISTIO_MUTUAL' },
        { to: 'shop/cart', port: 81, tls: 'DISABLE' },
      ],
    },
    'shop/cart': {
      serviceAccount: 'cart-account',
      dataPlane: 'sidecar',
      ports: {
        8080: { app: 'http', mode: 'STRICT' },
        8081: { app: 'grpc', mode: 'uncaptured' },
        8082: { app: 'tcp', mode: 'DISABLE' },
        8083: { app: 'none' },
      },
      pods: [{ name: 'cart-1' }, { name: 'cart-2', dataPlane: 'naked' }],
    },
    'edge/gateway': {
      dataPlane: 'sidecar',
      gateway: { routes: [{ host: 'shop.example', port: 8443, to: 'shop/cart', toPort: 80 }] },
    },
  },
  services: {
    'shop/cart': {
      ports: {
        80: { targetPort: 8080, protocol: 'http' },
        81: { targetPort: 8081, protocol: 'http' },
        82: { targetPort: 8082, protocol: 'tcp' },
      },
      endpoints: ['shop/cart'],
    },
    'shop/cart-auto': {
      ports: {
        80: { targetPort: 8080, protocol: 'http' },
        81: { targetPort: 8081, protocol: 'http' },
        82: { targetPort: 8082, protocol: 'tcp' },
      },
      endpoints: ['shop/cart'],
    },
    'edge/gateway': { ports: { 80: { targetPort: 8443, protocol: 'http' } }, endpoints: ['edge/gateway'] },
  },
});

const certificate = { key: 'key', chain: 'chain', root: 'root' };
const plansOf = (from: Reality): ReturnType<typeof makePlans> =>
  makePlans(from, network, new Map(podsOf(from).map(({ key }) => [key, certificate])));

t.test('a sidecar captures its ports but for those that are excluded, each with the chain of its app', (t) => {
  const cart = plansOf(reality).sidecars.find(({ pod }) => pod === 'shop/cart-1');
  t.strictSame(
    cart?.inbound.map(({ port, chain, mode, listen, appAddress }) => ({ port, chain, mode, listen, appAddress })),
    [
      {
        port: 8080,
        chain: 'http',
        mode: 'STRICT',
        listen: address('shop/cart-1', 8080),
        appAddress: address('app of shop/cart-1', 8080),
      },
      {
        port: 8082,
        chain: 'tcp',
        mode: 'DISABLE',
        listen: address('shop/cart-1', 8082),
        appAddress: address('app of shop/cart-1', 8082),
      },
      {
        port: 8083,
        chain: 'auto',
        mode: 'PERMISSIVE',
        listen: address('shop/cart-1', 8083),
        appAddress: address('app of shop/cart-1', 8083),
      },
    ],
  );
  t.equal(cart?.spiffeId, 'spiffe://cluster.local/ns/shop/sa/cart-account');
  t.end();
});

t.test('naked pods and gateways have no sidecar', (t) => {
  const { sidecars, gateways } = plansOf(reality);
  t.strictSame(
    sidecars.map(({ pod }) => pod),
    ['shop/web', 'shop/cart-1'],
  );
  t.strictSame(
    gateways.map(({ pod }) => pod),
    ['edge/gateway'],
  );
  t.end();
});

/** What shop/web does to the endpoints cart-1 (sidecar) and cart-2 (naked), by service port. */
const TOWARDS: readonly (readonly [service: string, port: number, sidecar: string, naked: string, why: string])[] = [
  ['shop/cart', 80, 'istio-mutual', 'istio-mutual', 'the entry for the service, whatever the endpoint is'],
  ['shop/cart', 81, 'plaintext', 'plaintext', 'the entry for the port before that for the service'],
  ['shop/cart', 82, 'istio-mutual', 'istio-mutual', 'the entry for the service, whatever the mode is'],
  ['shop/cart-auto', 80, 'istio-mutual', 'plaintext', 'auto: by the endpoint'],
  ['shop/cart-auto', 81, 'istio-mutual', 'plaintext', 'auto: a client does not see that the port is not captured'],
  ['shop/cart-auto', 82, 'plaintext', 'plaintext', 'auto: the port is DISABLE'],
  ['edge/gateway', 80, 'plaintext', '-', 'auto: a gateway is no sidecar'],
];

t.test('a client decides by its own entries, or by the endpoint', (t) => {
  const outbound = plansOf(reality).sidecars.find(({ pod }) => pod === 'shop/web')?.outbound ?? [];
  for (const [service, port, sidecar, naked, why] of TOWARDS) {
    const upstream = outbound.find((each) => each.name === service && each.port === port);
    const tls = upstream?.endpoints.map((endpoint) => endpoint.tls) ?? [];
    t.strictSame([tls[0], tls[1] ?? '-'], [sidecar, naked], `${service}:${String(port)} ${why}`);
  }
  t.end();
});

t.test('a client accepts the identities of all endpoints of a service, as the service accounts say', (t) => {
  const [web] = plansOf(reality).sidecars;
  const gateway = web?.outbound.find(({ name }) => name === 'edge/gateway');
  t.strictSame(gateway?.endpoints[0]?.identities, ['spiffe://cluster.local/ns/edge/sa/gateway']);
  t.equal(gateway?.fqdn, 'gateway.edge.svc.cluster.local');
  t.strictSame(gateway?.virtualAddress, address('virtual edge/gateway', 80));
  t.end();
});

t.test('a gateway listens where its routes say, and calls with its own choice of TLS', (t) => {
  const [gateway] = plansOf(reality).gateways;
  t.strictSame(
    gateway?.listeners.map(({ listen }) => listen),
    [address('edge/gateway', 8443)],
  );
  const [route] = gateway?.listeners[0]?.routes ?? [];
  t.equal(route?.host, 'shop.example');
  t.strictSame(
    route?.to.endpoints.map(({ tls }) => tls),
    ['istio-mutual', 'plaintext'],
  );
  t.end();
});

t.test('an app stands behind every port that has one, and knows whether a proxy vouches for its callers', (t) => {
  const apps = plansOf(reality).apps.filter(({ pod }) => pod.startsWith('shop/cart'));
  t.strictSame(
    apps.map(({ pod, address: { port }, protocol, setsXfcc, isBehindProxy }) => [
      pod,
      port,
      protocol,
      setsXfcc,
      isBehindProxy,
    ]),
    [
      ['shop/cart-1', 8080, 'http', true, true],
      ['shop/cart-1', 8081, 'grpc', false, false],
      ['shop/cart-1', 8082, 'tcp', false, true],
      ['shop/cart-2', 8080, 'http', false, false],
      ['shop/cart-2', 8081, 'grpc', false, false],
      ['shop/cart-2', 8082, 'tcp', false, false],
    ],
  );
  t.end();
});
