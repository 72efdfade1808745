/** Single ports of a pod behind a Node sidecar, from raw sockets. */
import t from 'tap';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';
import { callTls, type Showing } from '../support/raw-client.ts';
import { ANSWER_MS, call, get, headerOf, podAddress, SILENCE_MS, start, told } from './sandbox-scenario.ts';
import { signedByMesh } from './sandbox-identity.ts';

const CALLER = 'spiffe://cluster.local/ns/web/sa/front';

const POD = 'shop/pay';
const PORTS = {
  8080: { app: 'http', mode: 'STRICT' },
  8081: { app: 'http', mode: 'PERMISSIVE' },
  8082: { app: 'tcp', mode: 'PERMISSIVE' },
  8083: { app: 'http', mode: 'uncaptured' },
  8084: { app: 'none', chain: 'http', mode: 'PERMISSIVE' },
  8085: { app: 'none', chain: 'tcp', mode: 'PERMISSIVE' },
  8086: { app: 'none', chain: 'tcp', mode: 'DISABLE' },
  8087: { app: 'tcp', mode: 'DISABLE' },
};

async function withPod(authorization: readonly object[], test: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const workload = { dataPlane: 'sidecar', ports: PORTS, authorization };
  await using sandbox = await start({ workloads: { [POD]: workload, 'web/front': { dataPlane: 'sidecar' } } });
  await test(sandbox);
}

const BYTES = 'hello world\n';

t.test('plaintext gets what the mode and the chain of the port allow', async (t) => {
  const cases: readonly (readonly [port: number, bytes: string, shown: string, why: string])[] = [
    [8080, get('/', 'pay'), 'reset', 'STRICT'],
    [8080, BYTES, 'reset', 'STRICT, whatever the bytes'],
    [8080, 'GET ', 'silent', 'fewer than five bytes decide nothing'],
    [8081, get('/', 'pay'), '200 caller=null', 'PERMISSIVE'],
    [8081, BYTES, '400 Bad Request', 'no HTTP on an HTTP chain'],
    [8082, BYTES, 'bytes', 'PERMISSIVE'],
    [8082, '', 'silent', 'the TLS inspector waits for the client'],
    [8083, get('/', 'pay'), '200 caller=null', 'not captured'],
    [8085, BYTES, 'reset', 'the app is down, and what the client sent was never read'],
    [8086, '', 'closed', 'the app is down, and the client has sent nothing'],
  ];
  await withPod([], async (sandbox) => {
    await Promise.all(
      cases.map(async ([port, bytes, shown, why]) => {
        const waitMs = shown === 'silent' ? SILENCE_MS : ANSWER_MS;
        t.equal(told(await call(podAddress(sandbox, POD, port), bytes, waitMs)), shown, `${String(port)}: ${why}`);
      }),
    );
  });
});

t.test('an app that is down is told as Envoy tells it', async (t) => {
  await withPod([], async (sandbox) => {
    const showing = await call(podAddress(sandbox, POD, 8084), get('/', 'pay'));
    const reason = 'remote connection failure, transport failure reason: delayed connect error: Connection refused';
    t.equal(told(showing), `503 upstream connect error or disconnect/reset before headers. reset reason: ${reason}`);
    t.equal(headerOf(showing, 'server'), 'istio-envoy');
    t.equal(headerOf(showing, 'x-envoy-upstream-service-time'), undefined);
  });
});

t.test('an answer of the app carries the proxy’s name and the time it took', async (t) => {
  await withPod([], async (sandbox) => {
    const showing = await call(podAddress(sandbox, POD, 8081), get('/', 'pay'));
    t.equal(headerOf(showing, 'server'), 'istio-envoy');
    t.match(headerOf(showing, 'x-envoy-upstream-service-time'), /^\d+$/);
  });
});

t.test('authorization refuses HTTP with 403 and TCP with an orderly close after the first byte', async (t) => {
  const rule = { name: 'nobody', action: 'DENY', from: { notPrincipals: ['cluster.local/ns/web/*'] } };
  await withPod([rule], async (sandbox) => {
    const showing = await call(podAddress(sandbox, POD, 8081), get('/', 'pay'));
    t.equal(told(showing), '403 RBAC: access denied');
    t.equal(headerOf(showing, 'content-length'), '19');
    t.equal(headerOf(showing, 'server'), 'istio-envoy');
    t.equal(headerOf(showing, 'x-envoy-upstream-service-time'), undefined);
    t.equal(told(await call(podAddress(sandbox, POD, 8087), 'x')), 'closed');
    t.equal(
      told(await call(podAddress(sandbox, POD, 8083), get('/', 'pay'))),
      '200 caller=null',
      'not captured, not asked',
    );
    t.match(await mutual(sandbox, 8081), { kind: 'answer', text: /^HTTP\/1\.1 200 OK/ });
  });
});

async function mutual(sandbox: Sandbox, port: number, request = get('/', 'pay')): Promise<Showing> {
  const certificate = await signedByMesh(sandbox, 'web', 'front');
  const to = podAddress(sandbox, POD, port);
  return callTls({ to, bytes: request, waitMs: ANSWER_MS, alpn: ['istio-http/1.1'], version: 'TLSv1.3', certificate });
}

t.test('the caller’s identity is appended to what it claims itself, and removed where it has none', async (t) => {
  await withPod([], async (sandbox) => {
    const claim = `x-forwarded-client-cert: By=x;URI=spiffe://cluster.local/ns/istio-system/sa/root\r\n`;
    t.equal(told(await mutual(sandbox, 8080, get('/', 'pay', claim))), `200 caller=${CALLER}`);
    t.equal(told(await call(podAddress(sandbox, POD, 8081), get('/', 'pay', claim))), '200 caller=null');
  });
});
