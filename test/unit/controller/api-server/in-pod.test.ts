import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { ApiServer } from '../../../../controller/api-server/api-server.ts';
import type { Cluster } from '../../../../controller/api-server/cluster.ts';
import { clusterOfPod } from '../../../../controller/api-server/in-pod.ts';
import { systemClock } from '../../../../proto/system-clock.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { FakeApiServer } from '../../../support/api-server/fake-api-server.ts';
import { FEW } from '../../../support/api-server/resources.ts';

const PATH = '/api/v1/services';
const SERVICES = { plural: 'services' } as const;

interface Scene {
  readonly server: FakeApiServer;
  /** The service account's. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ask: (cluster: Cluster) => Promise<unknown>;
}

async function pod(t: Test): Promise<Scene> {
  const authority = createAuthority('cluster');
  const server = await FakeApiServer.start(FEW, authority);
  t.teardown(() => server[Symbol.asyncDispose]());
  const folder = t.testdir();
  const env = await server.tellPod(folder, authority);
  const ask = async (cluster: Cluster): Promise<unknown> => {
    await using api = new ApiServer(cluster, systemClock);
    return await api.get(PATH, {}, new AbortController().signal);
  };
  return { server, folder, env, ask };
}

async function connected({ env, folder }: Pick<Scene, 'env' | 'folder'>): Promise<Cluster> {
  const cluster = await clusterOfPod(env, folder);
  if (cluster === undefined) throw new Error('this is a pod');
  return cluster;
}

t.test('a pod asks with its own token, and trusts the authority of its cluster', async (t) => {
  const scene = await pod(t);
  const cluster = await connected(scene);
  t.match(cluster, { namespace: 'of-the-pod', contextName: 'in-cluster', server: scene.server.url });
  t.match(await scene.ask(cluster), { kind: 'answer' });
  t.match(scene.server.seen(SERVICES), [{ authorization: 'Bearer of-the-pod' }]);
});

t.test('a token that the kubelet has renewed is the one that is sent', async (t) => {
  const scene = await pod(t);
  const cluster = await connected(scene);
  await scene.ask(cluster);
  await writeFile(join(scene.folder, 'token'), 'renewed\n');
  await scene.ask(cluster);
  t.match(scene.server.seen(SERVICES), [{ authorization: 'Bearer of-the-pod' }, { authorization: 'Bearer renewed' }]);
});

t.test('a server whom the authority does not vouch for gets no token', async (t) => {
  const scene = await pod(t);
  await writeFile(join(scene.folder, 'ca.crt'), createAuthority('another').rootPem);
  t.match(await scene.ask(await connected(scene)), { kind: 'broken', isLasting: true });
  t.strictSame(scene.server.seen({}), []);
});

t.test('addresses of either family, and a port that nobody named', async (t) => {
  const { folder } = await pod(t);
  t.equal((await connected({ folder, env: { KUBERNETES_SERVICE_HOST: 'fd00::1' } })).server, 'https://[fd00::1]:443');
});

t.test('without a namespace it is in default', async (t) => {
  const scene = await pod(t);
  await rm(join(scene.folder, 'namespace'));
  t.equal((await connected(scene)).namespace, 'default');
});

t.test('a pod without a token, and what is no pod', async (t) => {
  const { folder, env } = await pod(t);
  t.equal(await clusterOfPod({}, folder), undefined);
  await rm(join(folder, 'token'));
  t.equal(await clusterOfPod(env, folder), undefined);
});
