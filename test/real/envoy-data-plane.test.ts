/** Starting and ending real Envoys: what is refused, what is noticed, and that nothing stays behind. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { claimAddresses } from '../../deploy/sandbox/address-block.ts';
import type { GatewayPlan, SidecarPlan } from '../../deploy/sandbox/data-plane.ts';
import { envoyDataPlane } from '../../deploy/sandbox/envoy/data-plane.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { realEnvoy } from '../support/envoy.ts';
import { SERVER_ID, TRUST_DOMAIN } from '../support/mesh-rig.ts';
import { callPlain } from '../support/raw-client.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';
import { startTwoFacedApp } from '../support/two-faced-app.ts';

delete process.env['XDG_RUNTIME_DIR'];
const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false };
const binary = 'binary' in envoy ? envoy.binary : '';
const { pods } = issueRigCertificates(Date.now());
const never = new AbortController().signal;

function plan(host: string, app: Address = { host, port: 9 }): SidecarPlan {
  return {
    pod: 'foo/t',
    spiffeId: SERVER_ID,
    trustDomain: TRUST_DOMAIN,
    certificate: pods.server,
    inbound: [
      { port: 8080, app: 'http', chain: 'http', mode: 'DISABLE', listen: { host, port: 8080 }, appAddress: app },
    ],
    authorization: [],
    outbound: [],
    capture: { host, port: 15001 },
    statusPort: { host, port: 15020 },
    readinessPort: { host, port: 15021 },
    probers: {},
  };
}

/** Pids of Envoys that are children of this process. */
async function childEnvoys(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
  return stdout
    .split('\n')
    .filter((line) => line.includes(binary))
    .map((line) => line.trim().split(' ')[0] ?? '');
}

/** All that is started here keeps its files in a folder of this test's own, which is empty again in the end. */
const folder = await mkdtemp(join(tmpdir(), 'mp-'));
process.env['TMPDIR'] = folder;
t.teardown(() => rmdir(folder));

t.test('a started proxy carries traffic, and nothing of it is left after disposal', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  await using app = await startTwoFacedApp({ hasBanner: false });
  const { host } = await block.reserve('pod', 0, 8080);
  {
    await using plane = envoyDataPlane(binary);
    await plane.start([plan(host, app.address)], [], never);
    const showing = await callPlain({
      to: { host, port: 8080 },
      bytes: 'GET / HTTP/1.1\r\nhost: t\r\n\r\n',
      waitMs: 5_000,
    });
    t.match(showing, { kind: 'answer', text: /^HTTP\/1\.1 200 / });
    t.equal((await childEnvoys()).length, 1);
    t.equal((await readdir(folder)).length, 1);
  }
  t.strictSame(await childEnvoys(), []);
  t.strictSame(await readdir(folder), []);
});

t.test('an address that is taken is named, and the other proxies are ended', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  const free = await block.reserve('pod', 0, 8080);
  const taken = await block.reserve('pod', 1, 8080);
  const other = createServer().listen(taken.port, taken.host);
  await once(other, 'listening');
  const plane = envoyDataPlane(binary);
  const start = plane.start([plan(free.host), plan(taken.host)], [], never);
  await t.rejects(start, { code: 'MPE_PORT_IN_USE', message: new RegExp(`${taken.host}:8080`) });
  t.strictSame(await childEnvoys(), []);
  other.close();
});

t.test('a configuration that Envoy refuses is reported with what Envoy says', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  const { host } = await block.reserve('pod', 0, 8080);
  const broken = { ...plan(host), certificate: { ...pods.server, key: 'no key' } };
  const strict = broken.inbound.map((port) => ({ ...port, mode: 'STRICT' as const }));
  const start = envoyDataPlane(binary).start([{ ...broken, inbound: strict }], [], never);
  await t.rejects(start, { code: 'MPE_DATA_PLANE_FAILED', message: /foo\/t ended while it started:\n[^]*private key/ });
  t.strictSame(await readdir(folder), []);
});

t.test('a program that is not there is reported as missing', async (t) => {
  const start = envoyDataPlane('/no/envoy/here').start([plan('127.0.0.1')], [], never);
  await t.rejects(start, { code: 'MPE_DATA_PLANE_MISSING', message: /\/no\/envoy\/here/ });
});

t.test('an aborted start ends what it had started, with the reason of the signal', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  const hosts = await Promise.all([0, 1, 2, 3].map(async (pod) => (await block.reserve('pod', pod, 8080)).host));
  const abort = new AbortController();
  const start = envoyDataPlane(binary).start(
    hosts.map((host) => plan(host)),
    [],
    abort.signal,
  );
  abort.abort(new Error('changed my mind'));
  await t.rejects(start, { message: 'changed my mind' });
  t.strictSame(await childEnvoys(), []);
});

t.test('a proxy that ends by itself is noticed', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  const { host } = await block.reserve('pod', 0, 8080);
  await using plane = envoyDataPlane(binary);
  await plane.start([plan(host)], [], never);
  const failed = once(plane.failed, 'abort');
  for (const pid of await childEnvoys()) process.kill(Number(pid), 'SIGKILL');
  await failed;
  t.match(plane.failed.reason, { code: 'MPE_DATA_PLANE_FAILED', message: /foo\/t ended by itself/ });
});

t.test('a gateway routes by Host header, with or without a port in it', options, async (t) => {
  await using block = await claimAddresses('per-pod');
  await using app = await startTwoFacedApp({ hasBanner: false });
  const listen = await block.reserve('pod', 0, 8080);
  const to = {
    name: 'shop/front',
    fqdn: 'front.shop.svc.cluster.local',
    port: 80,
    protocol: 'http',
    virtualAddress: block.unserved('service', 0, 80),
    endpoints: [{ pod: 'shop/front', address: app.address, tls: 'plaintext', identities: [] }],
  } as const;
  const gateway: GatewayPlan = {
    pod: 'edge/gateway',
    spiffeId: 'spiffe://cluster.local/ns/edge/sa/gateway',
    trustDomain: TRUST_DOMAIN,
    certificate: pods.client,
    listeners: [
      {
        listen,
        routes: [
          { host: 'shop.example', to },
          { host: '*.wild.example', to },
        ],
      },
    ],
  };
  await using plane = envoyDataPlane(binary);
  await plane.start([], [gateway], never);
  const statuses = await Promise.all(
    ['shop.example', 'shop.example:8080', 'a.wild.example', 'a.wild.example:80', 'other.example'].map(async (host) => {
      const bytes = `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
      const showing = await callPlain({ to: listen, bytes, waitMs: 5_000 });
      return showing.kind === 'answer' ? showing.text.slice(9, 12) : showing.kind;
    }),
  );
  t.strictSame(statuses, ['200', '200', '200', '200', '404']);
});

t.test('without a real Envoy the tests skip with the reason, or fail where a real one is required', (t) => {
  t.strictSame(realEnvoy({}), { missing: 'ENVOY_BIN is not set' });
  t.strictSame(realEnvoy({ ENVOY_BIN: '/no/envoy/here' }), { missing: 'ENVOY_BIN: no program at /no/envoy/here' });
  t.throws(() => realEnvoy({ MESHPROOF_REQUIRE_REAL: '1' }), { message: /ENVOY_BIN is not set/ });
  t.end();
});
