import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import { excludedRangesIn, meshAccessIn } from '../../../../../controller/fleet/kubernetes/mesh-access.ts';
import { templateOf } from '../../../../../controller/fleet/kubernetes/own-pod.ts';
import { tokenReader } from '../../../../../controller/fleet/kubernetes/token-reader.ts';
import { FakeProbeApi } from '../../../../support/fake-probe-api.ts';
import { liveObject, liveSnapshot } from '../../../../support/live-objects.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

t.test('what probes take over from the pod of their controller', (t) => {
  const container: Fields = {
    name: 'meshproof',
    image: 'registry.example/meshproof:1',
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '/app/bin/meshproof.js'],
    args: ['matrix', '--in-cluster'],
  };
  const notReady = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', tolerationSeconds: 300 };
  const own = { key: 'probes', operator: 'Exists' };
  t.strictSame(
    templateOf({
      spec: {
        containers: [{ name: 'istio-proxy', image: 'proxy' }, container],
        imagePullSecrets: [{ name: 'pull' }],
        nodeSelector: { pool: 'probes' },
        tolerations: [own, notReady],
      },
    }),
    {
      image: 'registry.example/meshproof:1',
      command: ['node', '/app/bin/meshproof.js'],
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: [{ name: 'pull' }],
      nodeSelector: { pool: 'probes' },
      tolerations: [own],
    },
  );
  const bare = { spec: { containers: [{ name: 'meshproof', image: 'i' }], tolerations: [notReady] } };
  t.strictSame(templateOf(bare), { image: 'i' });
  t.throws(() => templateOf({ spec: { containers: [] } }), { code: 'MPE_INVALID_CONFIG' });
  t.end();
});

t.test("the mesh CA is the revision's own, or the common one; only naked probes ask it", (t) => {
  const istiod = (name: string, clusterIP: string) =>
    liveObject('Service', `istio-system/${name}`, { spec: { clusterIP, ports: [{ port: 15_012 }, { port: 443 }] } });
  const config = (revision: string) => ({
    ...liveObject('ConfigMap', 'istio-system/istio', { labels: { 'istio.io/rev': revision }, data: { mesh: '' } }),
    decoded: { mesh: { trustDomain: 'mesh.example' } },
  });
  const access = (plane: 'naked' | 'sidecar', ...objects: Parameters<typeof buildMesh>[0]['objects']) =>
    meshAccessIn(buildMesh(liveSnapshot(...objects)), {
      namespace: 'shop',
      serviceAccount: 'web',
      dataPlane: plane,
    });
  const common = istiod('istiod', '10.96.0.1');
  const revised = istiod('istiod-1-28', '10.96.0.2');
  t.strictSame(access('naked', config('default'), common), {
    trustDomain: 'mesh.example',
    ca: { address: { host: '10.96.0.1', port: 15_012 }, serverName: 'istiod.istio-system.svc' },
  });
  t.match(access('naked', config('1-28'), common, revised).ca, {
    address: { host: '10.96.0.2' },
    serverName: 'istiod-1-28.istio-system.svc',
  });
  t.strictSame(access('naked', config('default')), { trustDomain: 'mesh.example', ca: undefined });
  t.strictSame(access('sidecar', config('default'), common).ca, undefined);
  t.end();
});

t.test("ranges that the mesh keeps from capture are read from the injector's values", (t) => {
  const injector = (excludeIPRanges: unknown) => ({
    ...liveObject('ConfigMap', 'istio-system/istio-sidecar-injector'),
    decoded: { values: { global: { proxy: { excludeIPRanges } } } },
  });
  t.strictSame(excludedRangesIn(liveSnapshot(injector('169.254.169.254/32, 10.1.0.0/16'))), [
    '169.254.169.254/32',
    '10.1.0.0/16',
  ]);
  for (const none of ['', undefined]) t.strictSame(excludedRangesIn(liveSnapshot(injector(none))), []);
  t.strictSame(excludedRangesIn(liveSnapshot()), []);
  t.end();
});

t.test('tokens are reviewed where that is allowed, else checked by the keys, else there is no sweep', async (t) => {
  const signal = new AbortController().signal;
  const deps = { clock: new ManualClock(), debug: () => undefined };
  const api = new FakeProbeApi();
  const calls: string[] = [];
  api.beforeAnswer = (call) => {
    calls.push(call);
    return Promise.resolve();
  };
  await (
    await tokenReader(api, deps, signal)
  )('a.b.c', signal);
  t.equal(calls.at(-1), 'review token');
  api.refused.add('create tokenreviews ');
  await (
    await tokenReader(api, deps, signal)
  )('e30.e30.c', signal);
  t.equal(calls.at(-1), 'token keys');
  api.beforeAnswer = (call) => (call === 'token keys' ? Promise.reject(new Error('refused')) : Promise.resolve());
  await t.rejects(tokenReader(api, deps, signal), { message: 'refused' });
});
