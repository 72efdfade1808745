/** A view that is asked for ever: what changes, what does not, how old it is, and what is new to follow. */
import t from 'tap';
import type { Snapshot } from '../../../../../controller/snapshot/snapshot.ts';
import type { ClusterView } from '../../../../../controller/snapshot/cluster/view.ts';
import type { GivenObject } from '../../../../support/api-server/fake-api-server.ts';
import { ISTIO, KUBERNETES } from '../../../../support/api-server/resources.ts';
import type { ApiScene } from '../../../../support/api-server/scene.ts';
import { ISTIOD, MESH, STRICT, forbidden, names, object, scene, view } from '../../../../support/api-server/views.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const STATUS = { phase: 'Running', podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] };
const POD = object('Pod', 'web', { spec: { containers: [] }, status: STATUS });

function owner(status: Readonly<Record<string, unknown>>, labels: Readonly<Record<string, string>> = {}): GivenObject {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [] } };
  return object('Deployment', 'web', { labels, spec: { replicas: 2, selector: {}, template }, status });
}

/** Resolves with what is current once it says what is wanted of it. */
async function untilCurrent(
  of: ClusterView,
  from: ApiScene,
  isWanted: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  for (;;) {
    const snapshot = await of.current(from.signal);
    if (isWanted(snapshot)) return snapshot;
    await new Promise(setImmediate);
  }
}

t.test('it is the very same object until something new is known', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(ISTIOD, MESH, STRICT, POD);
  });
  const of = await view(t, from);
  const first = await of.current(from.signal);
  t.strictSame(names(first), [
    'ConfigMap istio-system/istio',
    'PeerAuthentication shop/default',
    'Pod shop/web',
    'Service istio-system/istiod',
  ]);
  t.equal(await of.current(from.signal), first);
  t.equal((await of.snapshot(from.signal)).digest, first.digest);
  t.not(await of.snapshot(from.signal), first, 'a sweep has one of its own');
  from.server.put(object('Namespace', 'bank'));
  const second = await untilCurrent(of, from, (snapshot) => snapshot !== first);
  t.ok(names(second).includes('Namespace /bank'));
  t.not(second.digest, first.digest);
  t.ok(Object.isFrozen(second) && Object.isFrozen(second.objects) && Object.isFrozen(second.warnings));
});

t.test('versions that say nothing new make no difference', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(POD);
  });
  const of = await view(t, from);
  const first = await of.current(from.signal);
  const seen = new Set<Snapshot>();
  from.server.put({ ...POD, status: { ...STATUS, qosClass: 'BestEffort' } });
  from.server.put({ ...POD, metadata: { ...POD.metadata, managedFields: [{ time: '2026-02-02T00:00:00Z' }] } });
  // What comes after them on the same watch: by then they have been heard.
  from.server.put(object('Pod', 'last', { spec: {}, status: { phase: 'Running' } }));
  await untilCurrent(of, from, (snapshot) => {
    seen.add(snapshot);
    return snapshot.objects.length === 2;
  });
  t.equal(seen.size, 2, 'the first, and the one with the other pod');
  t.ok(seen.has(first));
});

t.test('a rollout is new, and is no change of what is declared', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(owner({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }));
  });
  const of = await view(t, from);
  const before = await of.current(from.signal);
  from.server.put(owner({ observedGeneration: 1, replicas: 3, updatedReplicas: 1, availableReplicas: 2 }));
  const during = await untilCurrent(of, from, (snapshot) => snapshot !== before);
  t.match(during.objects[0], { status: { replicas: 3, updatedReplicas: 1 } });
  t.equal(during.digest, before.digest);
  from.server.put(owner({ observedGeneration: 1, replicas: 3, updatedReplicas: 1 }, { tier: 'front' }));
  const relabelled = await untilCurrent(of, from, ({ digest }) => digest !== before.digest);
  t.match(relabelled.objects[0], { metadata: { labels: { tier: 'front' } } });
});

t.test('a pod that becomes unready is new', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(POD);
  });
  const of = await view(t, from);
  const before = await of.current(from.signal);
  from.server.put({
    ...POD,
    status: { phase: 'Running', podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'False' }] },
  });
  const after = await untilCurrent(of, from, (snapshot) => snapshot !== before);
  t.match(after.objects[0], { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  t.equal(after.digest, before.digest);
});

t.test('in trouble it waits for nobody, says since when, and goes on when it is over', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(STRICT);
  });
  const of = await view(t, from);
  await from.clock.advance(5_000);
  t.equal(of.syncedAtMs(), START_MS + 5_000);
  const before = await of.current(from.signal);
  from.server.fail({ plural: 'peerauthentications' }, { kind: 'status', status: 503, message: 'away' });
  from.server.endWatches({ plural: 'peerauthentications' });
  await from.untilLogged(/peerauthentications .*again/);
  await from.clock.advance(3_000);
  t.equal(of.syncedAtMs(), START_MS + 5_000, 'it stays where the trouble began');
  const during = await untilCurrent(of, from, ({ warnings }) => warnings.some((one) => one.includes('503: away')));
  t.strictSame(during.warnings, [
    'what is known of peerauthentications (security.istio.io/v1) in the whole cluster is as old as 2026-01-01T00:00:05.000Z: the API server says 503: away',
  ]);
  t.equal(during.objects, before.objects, 'nothing is forgotten, or counted again');
  t.equal(during.digest, before.digest);
  t.equal(await of.current(from.signal), during, 'as long as it lasts');
  from.server.heal();
  from.server.put(object('PeerAuthentication', 'later', { spec: {} }));
  while ((await of.current(from.signal)).warnings.length > 0) await from.clock.advance(500);
  const after = await untilCurrent(of, from, ({ objects }) => objects.length === 2);
  t.strictSame(names(after), ['PeerAuthentication shop/default', 'PeerAuthentication shop/later']);
  t.equal(of.syncedAtMs(), from.clock.nowMs());
});

t.test('a server that says nothing at all is away, although no watch has ended', async (t) => {
  const from = await scene(t);
  const of = await view(t, from);
  await from.clock.advance(10_000);
  await from.server.untilSeen({ plural: '/version' });
  from.server.fail({ plural: '/version' }, { kind: 'silence' });
  // It is asked again ten seconds after it has answered, and then has ten seconds.
  while ((await of.current(from.signal)).warnings.length === 0) await from.clock.advance(1_000);
  const { warnings } = await of.current(from.signal);
  t.strictSame(warnings, [
    'all that is known is as old as 2026-01-01T00:00:10.000Z: the API server says nothing came for 10 s',
  ]);
  t.equal(of.syncedAtMs(), START_MS + 10_000);
  from.server.heal();
  while ((await of.current(from.signal)).warnings.length > 0) await from.clock.advance(1_000);
  t.equal(of.syncedAtMs(), from.clock.nowMs());
});

t.test('a load balancer that has no way to the server is no sign of life: nothing is forgotten', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(STRICT, object('Pod', 'web', { spec: {} }));
  });
  const of = await view(t, from);
  const before = await of.current(from.signal);
  await from.clock.advance(10_000);
  await from.server.untilSeen({ plural: '/version' });
  t.strictSame((await of.current(from.signal)).warnings, []);
  from.server.fail({}, { kind: 'no-backend' });
  from.server.endWatches();
  const isAway = (start: string, { warnings }: Snapshot): boolean =>
    warnings.some((one) => one.startsWith(start) && one.endsWith('404: default backend - 404'));
  const known = ['all that is known', 'what is known of pods', 'what is known of peerauthentications'];
  let during = before;
  while (!known.every((start) => isAway(start, during))) {
    await from.clock.advance(1_000);
    during = await of.current(from.signal);
  }
  t.strictSame(names(during), names(before));
});

t.test('Istio that is installed later is found, with its configuration', async (t) => {
  const resources = [...KUBERNETES];
  const from = await scene(t, () => undefined, resources);
  const of = await view(t, from);
  t.strictSame(names(await of.current(from.signal)), []);
  resources.push(...ISTIO);
  from.server.put(
    object('Service', 'istiod', { namespace: 'mesh-control', labels: { istio: 'pilot' } }),
    object('ConfigMap', 'istio', { namespace: 'mesh-control', data: { mesh: 'trustDomain: acme.example' } }),
    STRICT,
  );
  for (let minute = 0; minute < 5; minute += 1) await from.clock.advance(60_000);
  const after = await untilCurrent(of, from, ({ objects }) => objects.length === 3);
  t.strictSame(names(after), [
    'ConfigMap mesh-control/istio',
    'PeerAuthentication shop/default',
    'Service mesh-control/istiod',
  ]);
  await from.server.untilSeen({ verb: 'watch', plural: 'envoyfilters' });
  for (let minute = 0; minute < 10; minute += 1) await from.clock.advance(60_000);
  t.equal(from.server.seen({ verb: 'list', plural: 'peerauthentications' }).length, 1, 'and is followed once');
});

t.test('a kind that comes later and may not be read is said, and no error', async (t) => {
  const resources = [...KUBERNETES];
  const from = await scene(t, () => undefined, resources);
  const of = await view(t, from);
  resources.push(...ISTIO);
  from.server.fail({ plural: 'sidecars' }, forbidden('sidecars'));
  for (let minute = 0; minute < 5; minute += 1) await from.clock.advance(60_000);
  const says = 'Sidecar may not be read: what they say is not known';
  t.ok(await untilCurrent(of, from, ({ warnings }) => warnings.includes(says)));
});

t.test('what may only be asked for by name is asked for now and then', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(object('Namespace', 'shop', { labels: { team: 'red' } }));
    for (const verb of ['list', 'watch'] as const) {
      for (const { plural } of [...KUBERNETES, ...ISTIO]) {
        if (plural !== 'configmaps') server.fail({ verb, plural, namespace: null }, forbidden(plural));
      }
    }
  });
  const of = await view(t, from, ['shop']);
  const before = await of.current(from.signal);
  t.match(before.objects[0], { kind: 'Namespace', metadata: { labels: { team: 'red' } } });
  from.server.put(object('Namespace', 'shop', { labels: { team: 'blue' } }));
  await from.clock.advance(30_000);
  t.ok(await untilCurrent(of, from, ({ objects }) => objects[0]?.metadata.labels['team'] === 'blue'));
  const asked = () => from.server.seen({ verb: 'get', plural: 'namespaces' }).length;
  const askedTwiceMore = async (): Promise<void> => {
    // Two names each time; the second time is after the answers of the first.
    for (const count = asked(); asked() < count + 4;) await from.clock.advance(1_000);
  };
  from.server.fail({ verb: 'get', plural: 'namespaces' }, { kind: 'no-backend' });
  await askedTwiceMore();
  t.match((await of.current(from.signal)).objects[0], { kind: 'Namespace' }, 'no word of the server');
  from.server.heal();
  from.server.remove(object('Namespace', 'shop'));
  await askedTwiceMore();
  t.strictSame((await of.current(from.signal)).objects, []);
});

t.test('what is over is over: whoever asks with a signal that is aborted gets its reason', async (t) => {
  const from = await scene(t);
  const of = await view(t, from);
  const stop = new AbortController();
  stop.abort(new Error('enough'));
  await t.rejects(of.current(stop.signal), { message: 'enough' });
});
