import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import { viewCluster } from '../../../../../controller/snapshot/cluster/view.ts';
import type { GivenObject } from '../../../../support/api-server/fake-api-server.ts';
import { KUBERNETES } from '../../../../support/api-server/resources.ts';
import {
  ISTIOD,
  MESH,
  STRICT,
  errorOf,
  names,
  object,
  scene,
  until,
  view,
} from '../../../../support/api-server/views.ts';

const OURS = { 'app.kubernetes.io/part-of': 'meshproof' };

t.test(
  'a snapshot has what is declared and what runs, sorted, with versions; Secrets are never asked for',
  async (t) => {
    const from = await scene(t, ({ server }) => {
      server.put(
        ISTIOD,
        MESH,
        STRICT,
        object('Namespace', 'shop', { labels: { 'istio-injection': 'enabled' } }),
        object('ConfigMap', 'secret-recipe', { data: { mesh: 'x' } }),
        object('ConfigMap', 'istio-leader', { namespace: 'istio-system' }),
        object('Secret', 'password'),
        object('EnvoyFilter', 'alpn', { namespace: 'istio-system', spec: {} }),
      );
    });
    const snapshot = await (await view(t, from)).snapshot(from.signal);
    t.strictSame(names(snapshot), [
      'ConfigMap istio-system/istio',
      'EnvoyFilter istio-system/alpn',
      'Namespace /shop',
      'PeerAuthentication shop/default',
      'Service istio-system/istiod',
    ]);
    const [, , , policy] = snapshot.objects;
    t.match(policy, { apiVersion: 'security.istio.io/v1', metadata: { resourceVersion: '103' } });
    t.equal(snapshot.takenAtMs, Date.parse('2026-01-01T00:00:00Z'));
    t.strictSame(snapshot.warnings, []);
    t.equal(from.server.seen({ plural: 'secrets' }).length, 0);
    t.strictSame(from.server.seen({ verb: 'get' }), [], 'whoever may list and watch needs no other right');
    t.equal(buildMesh(snapshot).trustDomain, 'acme.example');
    t.ok(Object.isFrozen(snapshot) && Object.isFrozen(snapshot.objects) && Object.isFrozen(policy?.['spec']));
    t.ok(from.server.seen({ plural: 'pods' }).every(({ authorization }) => authorization === 'Bearer of-the-tester'));
  },
);

t.test('what of ours comes and goes with sweeps is left out; namespaces and policies of ours count', async (t) => {
  const from = await scene(t);
  const of = await view(t, from);
  const before = await of.snapshot(from.signal);
  from.server.put(
    object('Pod', 'probe', { labels: OURS, status: { phase: 'Running' } }),
    object('Job', 'probe', { labels: OURS, spec: {} }),
    object('ServiceAccount', 'meshproof-prober', { labels: OURS }),
    object('CronJob', 'meshproof-matrix', { labels: OURS, spec: {} }),
    object('Service', 'last', { spec: {} }),
  );
  const after = await until(of, from, (snapshot) => snapshot.objects.length === 1);
  t.strictSame(names(after), ['Service shop/last']);
  t.strictSame(names(before), []);
  from.server.put(
    object('Namespace', 'meshproof', { labels: OURS }),
    object('NetworkPolicy', 'let-in', { labels: OURS, spec: {} }),
  );
  t.strictSame(names(await until(of, from, ({ objects }) => objects.length === 3)), [
    'Namespace /meshproof',
    'NetworkPolicy shop/let-in',
    'Service shop/last',
  ]);
});

t.test('the digest stands still while nothing is declared anew', async (t) => {
  const pod = object('Pod', 'web', { spec: { containers: [] }, status: { phase: 'Running', podIP: '10.0.0.7' } });
  const node = object('Node', 'n', { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] } });
  const from = await scene(t, ({ server }) => {
    server.put(pod, node, ISTIOD, MESH, STRICT);
  });
  const of = await view(t, from);
  const { digest } = await of.snapshot(from.signal);
  const heartbeat = { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'later' }] };
  from.server.put(
    { ...pod, status: { phase: 'Running', podIP: '10.0.0.7', startTime: 'later', qosClass: 'BestEffort' } },
    { ...node, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], ...heartbeat } },
    { ...ISTIOD, metadata: { ...ISTIOD.metadata, managedFields: [{ time: 'later' }], generation: 9 } },
    { ...STRICT, status: { observedGeneration: 7 } },
    object('ConfigMap', 'istio-leader', {
      namespace: 'istio-system',
      annotations: { 'control-plane.alpha.kubernetes.io/leader': 'renewed' },
    }),
    {
      ...MESH,
      metadata: { ...MESH.metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
    },
  );
  const touched = await until(of, from, ({ objects }) =>
    objects.every(({ metadata }) => Number(metadata.resourceVersion) > 105),
  );
  t.equal(touched.digest, digest);
  from.server.put({ ...STRICT, spec: { mtls: { mode: 'PERMISSIVE' } } });
  await until(of, from, (snapshot) => snapshot.digest !== digest);
});

t.test(
  'a pod that predates its injection label is naked, whatever the label says; a predicted one is not',
  async (t) => {
    const owner = (name: string): GivenObject =>
      object('Deployment', name, {
        spec: {
          replicas: 1,
          selector: {},
          template: { metadata: { labels: { app: name } }, spec: { containers: [] } },
        },
      });
    const from = await scene(t, ({ server }) => {
      server.put(
        object('Namespace', 'shop', { labels: { 'istio-injection': 'enabled' } }),
        object('Pod', 'old', {
          spec: { containers: [{ name: 'app' }] },
          status: { phase: 'Running', podIP: '10.0.0.7' },
        }),
        object('Pod', 'new', {
          spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'istio-proxy' }] },
          status: { phase: 'Running', podIP: '10.0.0.8' },
        }),
        owner('awaited'),
      );
    });
    const mesh = buildMesh(await (await view(t, from)).snapshot(from.signal));
    t.strictSame(
      mesh.pods.map(({ name, dataPlane, isLive, addresses }) => [name, dataPlane, isLive, addresses.join()]),
      [
        ['awaited', 'sidecar', false, ''],
        ['new', 'sidecar', true, '10.0.0.8'],
        ['old', 'naked', true, '10.0.0.7'],
      ],
    );
  },
);

t.test('kinds whose definition is not installed are absent, and older versions do', async (t) => {
  const old = {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'PeerAuthentication',
    plural: 'peerauthentications',
    isNamespaced: true,
  };
  const from = await scene(
    t,
    ({ server }) => {
      server.put({ ...STRICT, apiVersion: old.apiVersion });
    },
    [...KUBERNETES, old],
  );
  const snapshot = await (await view(t, from)).snapshot(from.signal);
  t.strictSame(names(snapshot), ['PeerAuthentication shop/default']);
  t.equal(from.server.seen({ plural: 'destinationrules' }).length, 0);
});

for (const path of ['/api/v1', '/apis/security.istio.io/v1']) {
  t.test(`404 for ${path}, which the server lists: no view, rather than one without these kinds`, async (t) => {
    const from = await scene(t, ({ server }) => {
      server.fail({ plural: path }, { kind: 'no-backend' });
    });
    const error = await errorOf(view(t, from));
    t.equal(error.code, 'MPE_CLUSTER_UNREACHABLE');
    t.match(error.message, 'default backend - 404');
  });
}

t.test('a kind that cannot be listed for half a minute: which, and what the server said', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.fail({ verb: 'list', plural: 'sidecars' }, { kind: 'status', status: 500, message: 'no such luck' });
  });
  const work = errorOf(view(t, from));
  for (let waitedMs = 0; waitedMs < 30_000;) {
    const delayMs = Number(/again in (\d+) ms/.exec(await from.untilLogged(/sidecars/))?.[1]);
    await from.clock.advance(delayMs);
    waitedMs += delayMs;
  }
  const error = await work;
  t.equal(error.code, 'MPE_CLUSTER_UNREACHABLE');
  t.equal(error.exitStatus, 69);
  t.match(error.message, 'list sidecars (networking.istio.io/v1) in the whole cluster: 500: no such luck');
});

t.test('a server that is not there', async (t) => {
  const from = await scene(t);
  await from.server[Symbol.asyncDispose]();
  const work = errorOf(view(t, from));
  for (let waitedMs = 0; waitedMs < 30_000;) {
    const delayMs = Number(/again in (\d+) ms/.exec(await from.untilLogged(/ECONNREFUSED/))?.[1]);
    await from.clock.advance(delayMs);
    waitedMs += delayMs;
  }
  const error = await work;
  t.equal(error.exitStatus, 69);
  t.match(error.message, /ECONNREFUSED/);
});

t.test('a snapshot waits for what is not followed at the moment, and has it all then', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(STRICT);
  });
  const of = await view(t, from);
  from.server.fail({ verb: 'watch', plural: 'peerauthentications' }, { kind: 'reset' }, 1);
  from.server.resetWatches({ plural: 'peerauthentications' });
  await from.untilLogged(/peerauthentications .*again in 250 ms/);
  const work = of.snapshot(from.signal);
  from.server.put(object('PeerAuthentication', 'later', { spec: {} }));
  await from.clock.advance(250);
  await from.untilLogged(/peerauthentications .*again in 500 ms/);
  await from.clock.advance(500);
  t.ok((await work).objects.length >= 1);
  await until(of, from, ({ objects }) => objects.length === 2);
});

t.test('after half a minute it says how old what it knows may be, and forgets nothing', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(STRICT);
  });
  const of = await view(t, from);
  from.server.fail({ plural: 'peerauthentications' }, { kind: 'status', status: 503, message: 'away' });
  from.server.endWatches({ plural: 'peerauthentications' });
  await from.untilLogged(/peerauthentications .*again/);
  const work = of.snapshot(from.signal);
  for (let second = 0; second < 31; second += 1) await from.clock.advance(1_000);
  const snapshot = await work;
  t.strictSame(names(snapshot), ['PeerAuthentication shop/default']);
  t.equal(snapshot.warnings.length, 1);
  t.match(
    snapshot.warnings[0],
    /^what is known of peerauthentications \(security\.istio\.io\/v1\) in the whole cluster is as old as 2026-01-01T00:00:00\.\d+Z: the API server says /,
  );
});

t.test('whoever is interrupted waits for nothing, and no watch is left', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.fail({ verb: 'list', plural: 'pods' }, { kind: 'silence' });
  });
  const stop = new AbortController();
  const work = viewCluster(from.cluster, { namespaces: 'all' }, from, stop.signal);
  await from.server.untilSeen({ verb: 'list', plural: 'pods' });
  stop.abort(new Error('interrupted'));
  await t.rejects(work, { message: 'interrupted' });
});
