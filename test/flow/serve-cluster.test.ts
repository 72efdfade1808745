/** `serve --in-cluster` as a process: who stands by says so, who leads has the Lease, and who loses it ends. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { FakeApiServer } from '../support/api-server/fake-api-server.ts';
import { ISTIO, KUBERNETES } from '../support/api-server/resources.ts';
import { LeadingApi } from '../support/api-server/leading.ts';
import { ISTIOD, MESH, object } from '../support/api-server/views.ts';
import { CliProcess } from '../support/cli-process.ts';

const SERVICE = object('Service', 'meshproof', { namespace: 'meshproof', spec: { clusterIP: '127.0.0.1' } });
const PATCHED = 'application/merge-patch+json';

interface Scene {
  readonly cluster: FakeApiServer;
  readonly api: LeadingApi;
  /** Resolves once it stands by, with where it answers. */
  readonly standsBy: (...args: readonly string[]) => Promise<{ readonly serve: CliProcess; readonly address: string }>;
}

async function scene(t: Test): Promise<Scene> {
  const cluster = await FakeApiServer.start([...KUBERNETES, ...ISTIO]);
  const api = await LeadingApi.start(cluster);
  cluster.put(ISTIOD, MESH, SERVICE);
  const kubeconfig = join(t.testdir(), 'kubeconfig');
  await writeFile(kubeconfig, api.kubeconfig());
  const started: CliProcess[] = [];
  t.teardown(async () => {
    await Promise.all(started.map((serve) => serve[Symbol.asyncDispose]()));
    await api[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });
  const env = {
    KUBECONFIG: kubeconfig,
    MESHPROOF_POD_NAME: 'meshproof-a',
    MESHPROOF_POD_NAMESPACE: 'meshproof',
    MESHPROOF_POD_IP: '127.0.0.1',
  };
  return {
    cluster,
    api,
    standsBy: async (...args) => {
      const serve = new CliProcess(['serve', '--in-cluster', '-A', '--listen', '127.0.0.1:0', ...args], { env });
      started.push(serve);
      await serve.says('stderr', 'meshproof-a stands by at ');
      const [address = ''] = /http:\/\/127[.\d]+:\d+/.exec(serve.stderr) ?? [];
      return { serve, address };
    },
  };
}

t.test('while another one leads, it lives, is not ready, and says who measures', async (t) => {
  const { api, standsBy } = await scene(t);
  api.give('meshproof-b');
  const { serve, address } = await standsBy('--anonymous', 'read');
  t.same(api.labels, [`meshproof-a null ${PATCHED}`], 'the Service does not lead here');
  const answers = await Promise.all(
    ['/healthz', '/readyz', '/', '/api/v1/matrix', '/metrics'].map(async (path) => {
      const answer = await fetch(`${address}${path}`);
      return [path, answer.status, await answer.text()] as const;
    }),
  );
  t.same(
    answers.map(([path, status]) => `${path} ${String(status)}`),
    ['/healthz 200', '/readyz 503', '/ 503', '/api/v1/matrix 503', '/metrics 200'],
  );
  for (const [, status, body] of answers) if (status === 503) t.match(body, 'another');
  t.match(answers.at(-1)?.[2], /^meshproof_build_info\{component="controller"/m);
  t.notMatch(answers.at(-1)?.[2], /^meshproof_routes/m, 'nothing that an alert could take for a matrix');
  serve.kill('SIGTERM');
  t.same(await serve.ended, { status: 0, signal: null });
  t.equal(api.holder, 'meshproof-b', 'and nothing of it has touched the Lease');
});

t.test('it leads when the Lease is given back', async (t) => {
  const { api, cluster, standsBy } = await scene(t);
  api.give('meshproof-b');
  const { serve } = await standsBy();
  cluster.fail({ plural: 'endpointslices' }, { kind: 'silence' });
  api.give('');
  await serve.says('stderr', 'meshproof-a leads');
  t.equal(api.holder, 'meshproof-a');
  serve.kill('SIGTERM');
  t.same(await serve.ended, { status: 0, signal: null });
  t.equal(api.holder, '', 'and gives it back at its end');
});

t.test('who loses the Lease ends, with a reason, and takes the label off', async (t) => {
  const { api, cluster, standsBy } = await scene(t);
  cluster.fail({ plural: 'endpointslices' }, { kind: 'silence' });
  const { serve } = await standsBy();
  await serve.says('stderr', 'meshproof-a leads');
  api.give('meshproof-b');
  t.same(await serve.ended, { status: 69, signal: null });
  t.match(serve.stderr, 'meshproof-a does not lead any more: somebody else holds the Lease (MPE_LEADERSHIP_LOST)');
  t.equal(api.holder, 'meshproof-b');
  t.same(api.labels, [`meshproof-a null ${PATCHED}`, `meshproof-a null ${PATCHED}`]);
});

t.test('who cannot measure gives the Lease back: another one may be able to', async (t) => {
  const { api, cluster, standsBy } = await scene(t);
  cluster.remove(SERVICE);
  const { serve } = await standsBy();
  t.same(await serve.ended, { status: 64, signal: null });
  t.match(serve.stderr, 'there is no Service meshproof/meshproof with an address');
  t.equal(api.holder, '');
});

t.test('which namespaces has to be said, and our own is none of them', async (t) => {
  for (const [args, says] of [
    [[], 'which namespaces?'],
    [['-n', 'meshproof'], 'nothing there is measured'],
  ] as const) {
    await using serve = new CliProcess(['serve', '--in-cluster', ...args], {
      env: { MESHPROOF_POD_NAME: 'a', MESHPROOF_POD_NAMESPACE: 'meshproof', MESHPROOF_POD_IP: '127.0.0.1' },
    });
    t.same(await serve.ended, { status: 64, signal: null });
    t.match(serve.stderr, says);
  }
});
