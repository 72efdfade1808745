/** Calls out of pods with Node sidecars, and what one line of reality.yaml changes about them. */
import t from 'tap';
import { callFrom, call, get, headerOf, podAddress, start, told } from './sandbox-scenario.ts';

const PREFIX = 'upstream connect error or disconnect/reset before headers. reset reason:';
const TERMINATED = `503 ${PREFIX} connection termination`;
const FAILED = `503 ${PREFIX} remote connection failure, transport failure reason:`;
const WRONG_VERSION = `${FAILED} TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end`;
const NOT_VERIFIED = `${FAILED} TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end`;
const REFUSED = `${FAILED} delayed connect error: Connection refused`;
const WEB = 'spiffe://cluster.local/ns/web/sa/front';

interface Change {
  readonly web?: object;
  readonly pay?: object;
  readonly payService?: object;
  readonly port?: object;
}

/** web/front calls shop/pay: one HTTP port behind a STRICT sidecar. Each test changes one thing. */
function reality({ web, pay, payService, port }: Change = {}): object {
  return {
    workloads: {
      'web/front': { dataPlane: 'sidecar', ...web },
      'shop/pay': { dataPlane: 'sidecar', ports: { 8080: { app: 'http', mode: 'STRICT', ...port } }, ...pay },
    },
    services: {
      'shop/pay': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/pay'], ...payService },
    },
  };
}

const towards = (tls: string): Change => ({ web: { outbound: [{ to: 'shop/pay', tls }] } });

const CASES: readonly (readonly [says: string, change: Change, shown: string])[] = [
  ['auto towards a STRICT sidecar is mutual TLS', {}, `200 caller=${WEB}`],
  ['auto towards a DISABLE port is plaintext', { port: { mode: 'DISABLE' } }, '200 caller=null'],
  ['auto towards a naked pod is plaintext', { pay: { dataPlane: 'naked' } }, '200 caller=null'],
  ['auto towards a port that is not captured is TLS into plaintext', { port: { mode: 'uncaptured' } }, WRONG_VERSION],
  ['DISABLE into STRICT ends in a reset', towards('DISABLE'), TERMINATED],
  [
    'ISTIO_MUTUAL towards a naked pod is TLS into plaintext',
    { ...towards('ISTIO_MUTUAL'), pay: { dataPlane: 'naked' } },
    WRONG_VERSION,
  ],
  ['SIMPLE into STRICT is refused after the handshake', towards('SIMPLE'), TERMINATED],
  [
    'an expired certificate of the server is not accepted',
    { pay: { certificate: { state: 'expired' } } },
    NOT_VERIFIED,
  ],
  ['nor one of another root', { pay: { certificate: { state: 'foreign-root' } } }, NOT_VERIFIED],
  [
    'nor one of another identity',
    { pay: { certificate: { identity: 'spiffe://cluster.local/ns/x/sa/y' } } },
    NOT_VERIFIED,
  ],
  [
    'an expired certificate of the client is refused after the handshake',
    { web: { certificate: { state: 'expired' } } },
    TERMINATED,
  ],
  [
    'authorization answers through the client’s proxy',
    { pay: { authorization: [{ name: 'x', action: 'ALLOW', from: { namespaces: ['bank'] } }] } },
    '403 RBAC: access denied',
  ],
  ['an app that is down is told by the server’s proxy', { port: { app: 'none', chain: 'http' } }, REFUSED],
  ['a service without endpoints', { payService: { endpoints: [] } }, '503 no healthy upstream'],
];

for (const [says, change, shown] of CASES) {
  t.test(says, async (t) => {
    await using sandbox = await start(reality(change));
    const showing = await callFrom(
      sandbox,
      'web/front',
      sandbox.network.serviceAddress('shop/pay', 80),
      get('/', 'pay.shop'),
    );
    t.equal(told(showing), shown);
    t.equal(headerOf(showing, 'server'), 'envoy');
  });
}

t.test('TCP is accepted, and closed where the endpoint does not take it', async (t) => {
  const raw = { ports: { 8080: { app: 'tcp', mode: 'STRICT' } } };
  const service = { ports: { 80: { targetPort: 8080, protocol: 'tcp' } } };
  await using open = await start(reality({ pay: raw, payService: service }));
  t.equal(told(await callFrom(open, 'web/front', open.network.serviceAddress('shop/pay', 80), 'hello\n')), 'bytes');
  await using shut = await start(reality({ pay: raw, payService: service, ...towards('DISABLE') }));
  t.equal(told(await callFrom(shut, 'web/front', shut.network.serviceAddress('shop/pay', 80), 'hello\n')), 'closed');
});

t.test('a sniffed port goes to its service, whatever the Host header says', async (t) => {
  const payService = { ports: { 80: { targetPort: 8080, protocol: 'auto' } } };
  await using sandbox = await start(reality({ payService }));
  const destination = sandbox.network.serviceAddress('shop/pay', 80);
  t.equal(told(await callFrom(sandbox, 'web/front', destination, get('/', 'unknown.example'))), `200 caller=${WEB}`);
});

t.test('a pod’s own address is passed through in plaintext', async (t) => {
  await using strict = await start(reality());
  t.equal(
    told(await callFrom(strict, 'web/front', podAddress(strict, 'shop/pay', 8080), get('/', '10.0.0.1:8080'))),
    'closed',
  );
  await using open = await start(reality({ port: { mode: 'PERMISSIVE' } }));
  t.equal(
    told(await callFrom(open, 'web/front', podAddress(open, 'shop/pay', 8080), get('/', 'x'))),
    '200 caller=null',
  );
});

t.test('endpoints are taken in turn, so that mixed ones show', async (t) => {
  const pay = { pods: [{ name: 'pay-1' }, { name: 'pay-2', dataPlane: 'naked' }] };
  await using sandbox = await start(reality({ pay, ...towards('ISTIO_MUTUAL') }));
  const destination = sandbox.network.serviceAddress('shop/pay', 80);
  const shown: string[] = [];
  for (let count = 0; count < 4; count++) {
    shown.push(told(await callFrom(sandbox, 'web/front', destination, get('/', 'pay.shop'))));
  }
  t.strictSame(shown, [`200 caller=${WEB}`, WRONG_VERSION, `200 caller=${WEB}`, WRONG_VERSION]);
});

t.test('a gateway routes by host, with its own identity and choice of TLS', async (t) => {
  const gateway = (outbound: readonly object[]): object => {
    const { workloads, services } = reality() as { workloads: object; services: object };
    const routes = [{ host: 'shop.example', port: 8443, to: 'shop/pay', toPort: 80 }];
    return {
      workloads: { ...workloads, 'edge/gateway': { dataPlane: 'sidecar', outbound, gateway: { routes } } },
      services,
    };
  };
  await using sandbox = await start(gateway([]));
  const address = podAddress(sandbox, 'edge/gateway', 8443);
  const showing = await call(address, get('/', 'shop.example:8443'));
  t.equal(told(showing), '200 caller=spiffe://cluster.local/ns/edge/sa/gateway');
  t.equal(headerOf(showing, 'server'), 'istio-envoy');
  const unknown = await call(address, get('/', 'other.example'));
  t.equal(told(unknown), '404 ');
  t.equal(headerOf(unknown, 'server'), 'istio-envoy');
  t.equal(headerOf(unknown, 'x-envoy-upstream-service-time'), undefined);
  await using plain = await start(gateway([{ to: 'shop/pay', tls: 'DISABLE' }]));
  t.equal(told(await call(podAddress(plain, 'edge/gateway', 8443), get('/', 'shop.example'))), TERMINATED);
});

t.test('what does not begin with a PROXY header is dropped', async (t) => {
  await using sandbox = await start(reality());
  const capture = sandbox.capturePoint('web/front');
  if (capture === undefined) throw new Error('web/front has no capture point');
  t.match((await call(capture, get('/', 'pay.shop'))).kind, /^(closed|reset)$/);
});
