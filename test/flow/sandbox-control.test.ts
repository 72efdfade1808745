/** The control socket of a sandbox that is kept up: who can connect, what is refused, and what joining it gives. */
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { askToDescribe, askToSet, keptSandboxes, type KeptSandbox } from '../../deploy/sandbox/control/client.ts';
import { findKept, joinSandbox } from '../../deploy/sandbox/control/join.ts';
import { keepSandbox } from '../../deploy/sandbox/control/keep.ts';
import { MAX_REQUEST_BYTES } from '../../deploy/sandbox/control/protocol.ts';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';
import { signedByMesh } from './sandbox-identity.ts';
import { call, callFrom, get, podAddress, scenarioOf, told } from './sandbox-scenario.ts';

const REALITY = {
  workloads: {
    'web/front': { dataPlane: 'sidecar' },
    'shop/pay': { serviceAccount: 'shop', dataPlane: 'sidecar', ports: { 8080: { app: 'http', mode: 'STRICT' } } },
  },
  services: {
    'shop/pay': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/pay'] },
  },
};
const WEB = '200 caller=spiffe://cluster.local/ns/web/sa/front';

/** All that is kept here is found by this test alone. */
const folder = await mkdtemp(join(tmpdir(), 'mp-'));
process.env['XDG_RUNTIME_DIR'] = folder;
t.teardown(() => rm(folder, { recursive: true }));

function keep(name: string, page?: () => string | undefined): Promise<Sandbox> {
  const { signal } = new AbortController();
  const scenario = { ...scenarioOf(REALITY), name, folder: `/scenarios/${name}` };
  return keepSandbox(scenario, { dataPlane: 'node', signal, ...(page && { page }) });
}

async function kept(name: string): Promise<KeptSandbox> {
  const found = await findKept({ name });
  if (found === undefined) throw new Error(`no sandbox ${name} is found`);
  return found;
}

t.test('it lies where only this user gets at it, and says what runs', async (t) => {
  const served: { page?: string } = {};
  await using sandbox = await keep('shop', () => served.page);
  const { socketPath, description } = await kept('shop');
  t.equal((await lstat(dirname(socketPath))).mode & 0o777, 0o700);
  t.equal((await lstat(join(folder, 'meshproof'))).mode & 0o777, 0o700);
  t.match(description, {
    scenario: 'shop',
    folder: '/scenarios/shop',
    dataPlane: 'node',
    pid: process.pid,
    changed: [],
  });
  t.notOk('page' in description);
  served.page = 'http://127.0.0.1:1234/';
  await sandbox.set([{ target: 'shop/pay', mode: 'PERMISSIVE' }]);
  t.match(await askToDescribe(socketPath), {
    page: 'http://127.0.0.1:1234/',
    changed: [{ target: 'shop/pay:8080', key: 'mode', was: 'STRICT', is: 'PERMISSIVE' }],
  });
});

/** What comes back before the connection ends. */
async function said(socketPath: string, bytes: string, { ends = false } = {}): Promise<string> {
  const socket = net.connect(socketPath);
  socket.on('error', () => undefined);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(socket, 'connect');
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  if (!socket.closed) await once(socket, 'close');
  return text;
}

const SET = { version: 1, request: 'set', changes: [{ target: 'shop/pay', mode: 'PERMISSIVE' }] };
const REFUSED: readonly (readonly [bytes: string, says: RegExp])[] = [
  ['\n', /the request is no JSON/],
  ['hello\n', /the request is no JSON/],
  ['null\n', /the request is none that a sandbox knows/],
  ['{"version":1}\n', /the request is none that a sandbox knows/],
  ['{"version":1,"request":"stop"}\n', /the request is none that a sandbox knows/],
  ['{"version":2,"request":"describe"}\n', /version: is of another version of meshproof/],
  ['{"version":1,"request":"describe","also":1}\n', /also/],
  [`${JSON.stringify({ ...SET, changes: [] })}\n`, /changes/],
  [`${JSON.stringify({ ...SET, changes: [{ target: 'shop/pay', mode: 'uncaptured' }] })}\n`, /changes\.0\.mode/],
  [`${JSON.stringify({ ...SET, changes: [{ target: 'pay', mode: 'STRICT' }] })}\n`, /write it as namespace\/name/],
  [
    `${JSON.stringify({ ...SET, changes: [{ target: 'shop/pya', mode: 'STRICT' }] })}\n`,
    /no workload or pod shop\/pya/,
  ],
  ['x'.repeat(MAX_REQUEST_BYTES + 1), /no request has come: more than \d+ bytes/],
];

t.test('what is no request is refused in words, and disturbs nothing', async (t) => {
  await using sandbox = await keep('shop');
  const { socketPath } = await kept('shop');
  for (const [bytes, says] of REFUSED) {
    const answer = await said(socketPath, bytes);
    t.match(answer, says, bytes.slice(0, 60));
    t.match(JSON.parse(answer), { error: { code: 'MPE_USAGE' } });
  }
  t.equal(await said(socketPath, '{"version":1', { ends: true }), '', 'a request that breaks off has no asker');
  t.match(await said(socketPath, '{"version":1'), /no request has come: .*timeout/, 'one that stops has a deadline');
  t.strictSame((await askToDescribe(socketPath)).changed, []);
  t.equal(told(await call(podAddress(sandbox, 'shop/pay', 8080), get('/', 'x'))), 'reset');
});

t.test('errors of a change come back as they are', async (t) => {
  await using sandbox = await keep('shop');
  const { socketPath } = await kept('shop');
  t.ok(sandbox);
  await t.rejects(askToSet(socketPath, [{ target: 'shop/pay', port: 1, mode: 'STRICT' }]), {
    code: 'MPE_USAGE',
    message: 'shop/pay has no port 1',
    hint: 'It has 8080.',
  });
});

t.test('who joins has the same mesh, and ends nothing by leaving', async (t) => {
  await using sandbox = await keep('shop');
  {
    await using joined = await joinSandbox(await kept('shop'));
    t.strictSame(joined.scenario, sandbox.scenario);
    t.equal(joined.trustDomain, 'cluster.local');
    t.strictSame(joined.network.map, sandbox.network.map);
    t.strictSame(joined.network.endpointsOf('shop/pay', 80), sandbox.network.endpointsOf('shop/pay', 80));
    t.strictSame(joined.network.podAddress('shop/pay', 9), sandbox.network.podAddress('shop/pay', 9));
    t.equal(joined.network.podAddress('shop/none', 9), undefined);
    const destination = joined.network.serviceAddress('shop/pay', 80);
    t.equal(told(await callFrom(joined, 'web/front', destination, get('/', 'pay.shop'))), WEB);
    t.equal(joined.capturePoint('shop/none'), undefined);
    t.match((await signedByMesh(joined, 'shop', 'shop')).chain, /BEGIN CERTIFICATE/);
    t.throws(() => joined.certificateAuthority.issueToken('shop', 'nobody'), { code: 'MPE_INTERNAL' });

    t.match(await joined.set([{ target: 'shop/pay', mode: 'PERMISSIVE' }]), [{ was: 'STRICT', is: 'PERMISSIVE' }]);
    t.equal(told(await call(podAddress(sandbox, 'shop/pay', 8080), get('/', 'x'))), '200 caller=null');
    t.strictSame(await joined.changed(), await sandbox.changed());
    t.match(await joined.reset(), [{ was: 'PERMISSIVE', is: 'STRICT' }]);
    t.notOk(joined.failed.aborted);
  }
  t.equal(told(await call(podAddress(sandbox, 'shop/pay', 8080), get('/', 'x'))), 'reset', 'it still runs');
  t.ok(await findKept({ name: 'shop' }));
});

t.test('who has joined learns of the end, and what is gone is not found any more', async (t) => {
  const sandbox = await keep('shop');
  const found = await kept('shop');
  await using joined = await joinSandbox(found);
  const failed = once(joined.failed, 'abort');
  await sandbox[Symbol.asyncDispose]();
  await failed;
  t.match(joined.failed.reason, { code: 'MPE_SANDBOX_NOT_RUNNING', message: /sandbox shop .* has ended/ });
  await t.rejects(joined.reset(), { code: 'MPE_SANDBOX_NOT_RUNNING' });
  await t.rejects(joinSandbox(found), { code: 'MPE_SANDBOX_NOT_RUNNING' });
  t.strictSame(await keptSandboxes(), []);
  t.strictSame(await readdir(folder), []);
});

t.test('a second one of the same name is refused, one of another name stands beside it', async (t) => {
  await using first = await keep('shop');
  await using other = await keep('bank');
  t.ok(first);
  t.ok(other);
  await t.rejects(keep('shop'), { code: 'MPE_SANDBOX_RUNS', message: /process \d+ keeps up sandbox shop since .*Z/ });
  t.strictSame(
    (await keptSandboxes()).map(({ description }) => description.scenario),
    ['shop', 'bank'],
  );
  t.equal(await findKept({ name: 'shop', folder: '/elsewhere' }), undefined, 'the name alone is not enough');
});

t.test('a runtime folder with a long path is named, with what to do', async (t) => {
  const short = process.env['XDG_RUNTIME_DIR'];
  process.env['XDG_RUNTIME_DIR'] = t.testdir({});
  t.teardown(() => (process.env['XDG_RUNTIME_DIR'] = short));
  await t.rejects(keep('shop'), { code: 'MPE_INVALID_CONFIG', hint: /XDG_RUNTIME_DIR/ });
  t.strictSame(await readdir(process.env['XDG_RUNTIME_DIR'] ?? ''), [], 'and nothing is left');
});
