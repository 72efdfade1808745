import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { ApiServer } from '../../../../controller/api-server/api-server.ts';
import { connectCluster } from '../../../../controller/api-server/connect.ts';
import { persistentGet } from '../../../../controller/snapshot/cluster/persistent.ts';
import { createAuthority, issue } from '../../../support/certificates.ts';
import { FEW } from '../../../support/api-server/resources.ts';
import { apiScene } from '../../../support/api-server/scene.ts';
import type { ApiScene } from '../../../support/api-server/scene.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const PATH = '/api/v1/services';
const SERVICES = { plural: 'services' } as const;

async function asked(t: Test): Promise<ApiScene & { readonly api: ApiServer }> {
  const scene = await apiScene(t, FEW);
  const api = new ApiServer(scene.cluster, scene.clock);
  t.teardown(() => api[Symbol.asyncDispose]());
  return { ...scene, api };
}

t.test('an answer, which travels packed', async (t) => {
  const { api, server, signal } = await asked(t);
  server.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'pay', namespace: 'shop' } });
  t.match(await api.get(PATH, {}, signal), { kind: 'answer', body: { items: [{ metadata: { name: 'pay' } }] } });
  t.strictSame(
    server.seen(SERVICES).map(({ authorization }) => authorization),
    ['Bearer of-the-tester'],
  );
});

t.test('no answer in time is trouble, and the next question is heard', async (t) => {
  const { api, server, clock, signal } = await asked(t);
  server.fail(SERVICES, { kind: 'silence' }, 1);
  const answer = api.get(PATH, {}, signal);
  await server.untilSeen(SERVICES);
  await clock.advance(29_999);
  await clock.advance(1);
  t.strictSame(await answer, { kind: 'broken', says: 'nothing came for 30 s', isLasting: false });
  t.match(await api.get(PATH, {}, signal), { kind: 'answer' });
});

t.test('whoever gives up gets the reason, and no more than six ask at a time', async (t) => {
  const { api, server } = await asked(t);
  server.fail(SERVICES, { kind: 'silence' });
  const stop = new AbortController();
  const answers = Array.from({ length: 9 }, () => api.get(PATH, {}, stop.signal));
  await server.untilSeen(SERVICES, 6);
  t.equal(server.seen(SERVICES).length, 6);
  stop.abort(new Error('enough'));
  for (const answer of answers) await t.rejects(answer, { message: 'enough' });
});

t.test('a question is put again while there is hope', async (t) => {
  const scene = await asked(t);
  scene.server.fail(SERVICES, { kind: 'reset' }, 1);
  scene.server.fail(SERVICES, { kind: 'status', status: 429, retryAfter: '2' }, 1);
  const answer = persistentGet(scene, PATH, {}, scene.signal);
  await scene.untilLogged(/GET .*ECONNRESET.*again in 250 ms/);
  await scene.clock.advance(250);
  await scene.untilLogged(/GET .*429.*again in 2000 ms/);
  await scene.clock.advance(2_000);
  t.match(await answer, { kind: 'answer' });
});

for (const status of [401, 403, 404]) {
  t.test(`${String(status)} is an answer to keep`, async (t) => {
    const scene = await asked(t);
    scene.server.fail(SERVICES, { kind: 'status', status, message: 'no' });
    const answer = await persistentGet(scene, PATH, {}, scene.signal);
    const reason = status === 404 ? 'NotFound' : '';
    t.strictSame(answer, { kind: 'status', status, reason, says: 'no', retryAfterMs: null });
    t.equal(scene.server.seen(SERVICES).length, 1);
  });
}

const TRUST = [
  { name: 'signed by the CA of the kubeconfig', isTrusted: true, wanted: { kind: 'answer', body: { heard: true } } },
  { name: 'signed by somebody else', isTrusted: false, wanted: { kind: 'broken', isLasting: true } },
] as const;

for (const { name, isTrusted, wanted } of TRUST) {
  t.test(`a server whose certificate is ${name}`, async (t) => {
    const authority = createAuthority();
    const { key, chain } = issue(authority, { dnsNames: ['api.example'] });
    const server = createServer({ key, cert: chain }, (_request, response) => {
      response.end('{"heard":true}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const { rootPem } = isTrusted ? authority : createAuthority();
    const kubeconfig = join(t.testdir(), 'kubeconfig');
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [
          {
            name: 'c',
            cluster: {
              server: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
              'tls-server-name': 'api.example',
              'certificate-authority-data': Buffer.from(rootPem).toString('base64'),
            },
          },
        ],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    await using api = new ApiServer(await connectCluster({ kubeconfig }, {}), new ManualClock());
    t.match(await api.get('/version', {}, new AbortController().signal), wanted);
  });
}
