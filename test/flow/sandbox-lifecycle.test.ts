/** Sandboxes start as a whole, stand side by side, and leave nothing behind. */
import { once } from 'node:events';
import net from 'node:net';
import t from 'tap';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { startSandbox, type Sandbox } from '../../deploy/sandbox/sandbox.ts';
import { canBind } from '../../deploy/sandbox/address-block.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { call, callFrom, get, podAddress, scenarioOf, start, told } from './sandbox-scenario.ts';

const REALITY = {
  workloads: {
    'web/front': { dataPlane: 'sidecar' },
    'shop/pay': { dataPlane: 'sidecar', ports: { 8080: { app: 'http', mode: 'STRICT' } } },
    'old/batch': { ports: { 8080: { app: 'http' } } },
  },
  services: {
    'shop/pay': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/pay'] },
    'old/batch': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['old/batch'] },
  },
};
const WEB = 'spiffe://cluster.local/ns/web/sa/front';

function addressesOf(sandbox: Sandbox): readonly Address[] {
  const pods = [
    ['shop/pay', 8080],
    ['shop/pay', 15020],
    ['shop/pay', 15021],
    ['old/batch', 8080],
  ] as const;
  const capture = sandbox.capturePoint('web/front');
  return [
    ...pods.map(([pod, port]) => podAddress(sandbox, pod, port)),
    sandbox.certificateAuthority.address,
    ...(capture === undefined ? [] : [capture]),
  ];
}

async function callPay(sandbox: Sandbox): Promise<string> {
  const destination = sandbox.network.serviceAddress('shop/pay', 80);
  return told(await callFrom(sandbox, 'web/front', destination, get('/', 'pay.shop')));
}

for (const mode of ['per-pod', 'single'] as const) {
  t.test(`with ${mode} addresses everything answers, and nothing listens after disposal`, async (t) => {
    const sandbox = await start(REALITY, mode);
    const addresses = addressesOf(sandbox);
    t.equal(new Set(addresses.map(({ host, port }) => `${host}:${String(port)}`)).size, 6);
    t.equal(await callPay(sandbox), `200 caller=${WEB}`);
    t.equal(told(await call(podAddress(sandbox, 'old/batch', 8080), get('/', 'x'))), '200 caller=null');
    t.match(await call(podAddress(sandbox, 'old/batch', 8081), 'x'), { kind: 'fault', text: /ECONNREFUSED/ });
    for (const address of addresses) t.notOk(await canBind(address), 'somebody listens');
    await sandbox[Symbol.asyncDispose]();
    for (const address of addresses) t.ok(await canBind(address), 'nobody listens');
  });
}

t.test('with one address for all, only that address is used', async (t) => {
  await using sandbox = await start(REALITY, 'single');
  t.strictSame([...new Set(addressesOf(sandbox).map(({ host }) => host))], ['127.0.0.1']);
});

t.test('with an address a pod, pods keep their port numbers and differ in address', async (t) => {
  await using sandbox = await start(REALITY, 'per-pod');
  const [pay, , , batch] = addressesOf(sandbox);
  t.strictSame([pay?.port, batch?.port], [8080, 8080]);
  t.not(pay?.host, batch?.host);
});

t.test('several sandboxes at once do not meet', async (t) => {
  await using first = await start(REALITY);
  await using second = await start(REALITY, 'per-pod');
  await using third = await start(REALITY, 'single');
  await using fourth = await start(REALITY, 'single');
  const all = [first, second, third, fourth];
  t.strictSame(
    await Promise.all(all.map(callPay)),
    all.map(() => `200 caller=${WEB}`),
  );
  const roots = new Set(all.map(({ certificateAuthority }) => certificateAuthority.rootPem));
  t.equal(roots.size, 4);
});

t.test('addresses are those that the network tells', async (t) => {
  await using sandbox = await start(REALITY);
  const { network } = sandbox;
  t.strictSame(network.endpointsOf('shop/pay', 80), [
    { pod: 'shop/pay', address: podAddress(sandbox, 'shop/pay', 8080) },
  ]);
  t.strictSame(network.endpointsOf('shop/pay', 81), []);
  t.equal(network.serviceAddress('shop/pay', 81), undefined);
  t.equal(network.serviceAddress('shop/none', 80), undefined);
  t.equal(network.podAddress('shop/none', 80), undefined);
  t.equal(sandbox.capturePoint('old/batch'), undefined);
  const unserved = network.podAddress('old/batch', 9);
  t.strictSame(network.podAddress('old/batch', 9), unserved, 'the same every time');
});

t.test('a port that another program holds on every address gets a stand-in', async (t) => {
  const squatter = net.createServer().listen(28_998, '0.0.0.0');
  await once(squatter, 'listening');
  const pay = { dataPlane: 'sidecar', ports: { 28998: { app: 'http' } } };
  await using sandbox = await start({ workloads: { ...REALITY.workloads, 'shop/pay': pay } }, 'per-pod');
  const address = sandbox.network.podAddress('shop/pay', 28_998) ?? { host: '', port: 0 };
  t.equal(address.port, 38_998);
  t.equal(told(await call(address, get('/', 'pay.shop'))), '200 caller=null');
  squatter.close();
});

t.test('a taken address fails the start by name, and leaves nothing behind', async (t) => {
  // On a port that no other test uses and on its stand-in, the second pod's address in whatever block will be claimed.
  const port = 28_999;
  const squatters = Array.from({ length: 128 }, (_, block) =>
    [port, port + 10_000].map((taken) => net.createServer().listen(taken, `127.${String(64 + block)}.0.3`)),
  ).flat();
  await Promise.all(squatters.map((squatter) => once(squatter, 'listening')));
  const pay = { dataPlane: 'sidecar', ports: { [port]: { app: 'http' } } };
  const starting = start({ workloads: { ...REALITY.workloads, 'shop/pay': pay } }, 'per-pod');
  await t.rejects(starting, { code: 'MPE_PORT_IN_USE', hint: /reality\.yaml/ });
  const message = await starting.then(
    () => '',
    (error: unknown) => String(error),
  );
  const taken = /(?<block>127\.\d+)\.0\.3:28999/.exec(message)?.groups?.['block'] ?? '';
  t.ok(await canBind({ host: `${taken}.0.4`, port: 8080 }), 'the naked pod’s app is gone');
  t.ok(await canBind({ host: `${taken}.192.2`, port: 15012 }), 'so is the certificate service');
  t.ok(await canBind({ host: `${taken}.192.2`, port: 15099 }), 'and the block is free again');
  for (const squatter of squatters) squatter.close();
});

t.test('an aborted start rejects with the reason', async (t) => {
  const signal = AbortSignal.abort(new Error('enough'));
  await t.rejects(startSandbox(scenarioOf(REALITY), { dataPlane: 'node', signal }), { message: 'enough' });
});

t.test('Envoy without a binary is refused, and nothing is left', async (t) => {
  const { signal } = new AbortController();
  await t.rejects(startSandbox(scenarioOf(REALITY), { dataPlane: 'envoy', signal }), {
    code: 'MPE_DATA_PLANE_MISSING',
  });
});

t.test('the scenarios that come with meshproof start', async (t) => {
  for (const name of ['healthy', 'shop']) {
    const { signal } = new AbortController();
    await using sandbox = await startSandbox(await loadScenario(name), { dataPlane: 'node', signal });
    t.equal(sandbox.trustDomain, 'cluster.local');
  }
});
