import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import type { Where } from '../../../../support/api-server/fake-api-server.ts';
import { ISTIO, KUBERNETES } from '../../../../support/api-server/resources.ts';
import { STRICT, errorOf, forbidden, names, object, scene, view } from '../../../../support/api-server/views.ts';

t.test('the control plane is found where it runs, and its root namespace is what it says', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(
      object('Service', 'istiod-blue', { namespace: 'mesh-control', labels: { istio: 'pilot' } }),
      object('ConfigMap', 'istio-blue', { namespace: 'mesh-control', data: { mesh: 'rootNamespace: mesh-policies' } }),
      object('PeerAuthentication', 'default', { namespace: 'mesh-policies', spec: {} }),
    );
    server.fail({ verb: 'list', plural: 'peerauthentications', namespace: null }, forbidden('peerauthentications'));
  });
  const snapshot = await (await view(t, from, ['shop'])).snapshot(from.signal);
  t.equal(buildMesh(snapshot).rootNamespace, 'mesh-policies');
  t.strictSame(
    from.server
      .seen({ verb: 'list', plural: 'peerauthentications' })
      .map(({ namespace }) => namespace ?? '')
      .sort(),
    ['', 'mesh-control', 'mesh-policies', 'shop'],
  );
  t.match(names(snapshot), ['ConfigMap mesh-control/istio-blue', 'PeerAuthentication mesh-policies/default']);
});

t.test(
  'everything that is refused is one error, with who, verb, resource, group, scope and the lines to add',
  async (t) => {
    const refused: readonly Where[] = [
      { verb: 'list', plural: 'pods' },
      { verb: 'list', plural: 'nodes' },
      { verb: 'watch', plural: 'peerauthentications' },
    ];
    const from = await scene(t, ({ server }) => {
      for (const where of refused) server.fail(where, forbidden(where.plural ?? ''));
    });
    const error = await errorOf(view(t, from));
    t.equal(error.code, 'MPE_NOT_PERMITTED');
    t.equal(error.exitStatus, 77);
    t.match(
      error.message,
      'user jane may not list nodes, pods cluster-wide, nor watch peerauthentications cluster-wide',
    );
    t.strictSame(error.hint.split('\n').sort(), [
      '- { apiGroups: [""], resources: ["nodes", "pods"], verbs: ["list", "watch"] }',
      '- { apiGroups: ["security.istio.io"], resources: ["peerauthentications"], verbs: ["watch"] }',
      'Add to a ClusterRole:',
    ]);
  },
);

for (const verb of ['list', 'watch'] as const) {
  for (const plural of ['configmaps', 'endpointslices', 'destinationrules', 'namespaces']) {
    t.test(`without ${verb} ${plural} there is no snapshot, but the line to add`, async (t) => {
      const from = await scene(t, ({ server }) => {
        server.fail({ verb, plural }, forbidden(plural));
      });
      const error = await errorOf(view(t, from));
      t.equal(error.exitStatus, 77);
      t.match(error.message, `${verb} ${plural}`);
      t.match(error.hint, `resources: ["${plural}"]`);
    });
  }
}

t.test('chosen namespaces are read one by one where rights go no further', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(
      STRICT,
      object('Namespace', 'shop', { labels: { team: 'red' } }),
      object('Node', 'n1', { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] } }),
      object('Pod', 'web', { spec: { nodeName: 'n1' }, status: { phase: 'Running' } }),
      object('Pod', 'elsewhere', { namespace: 'other', status: { phase: 'Running' } }),
      object('PeerAuthentication', 'default', { namespace: 'istio-system', spec: {} }),
    );
    for (const verb of ['list', 'watch'] as const) {
      for (const { plural } of [...KUBERNETES, ...ISTIO]) {
        if (plural !== 'configmaps') server.fail({ verb, plural, namespace: null }, forbidden(plural));
      }
    }
  });
  const snapshot = await (await view(t, from, ['shop'])).snapshot(from.signal);
  t.strictSame(names(snapshot), [
    'Namespace /shop',
    'Node /n1',
    'PeerAuthentication istio-system/default',
    'PeerAuthentication shop/default',
    'Pod shop/web',
  ]);
  t.equal(snapshot.warnings.length, 1);
  t.match(snapshot.warnings[0], /^only namespaces shop, istio-system may be read: AuthorizationPolicy, .*Pod/);
  t.equal(buildMesh(snapshot).nodeAddresses.get('n1'), '192.0.2.1');
});

t.test('namespaces and nodes that may not even be asked for by name are done without, and it is said', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.put(object('Pod', 'web', { spec: { nodeName: 'n1' }, status: { phase: 'Running' } }));
    for (const plural of ['namespaces', 'nodes']) server.fail({ plural }, forbidden(plural));
  });
  const of = await view(t, from, ['shop']);
  const snapshot = await of.snapshot(from.signal);
  t.strictSame(names(snapshot), ['Pod shop/web']);
  t.strictSame(snapshot.warnings, [
    'Namespace istio-system, shop may not be read: labels and addresses are not known',
    'Node n1 may not be read: labels and addresses are not known',
  ]);
  await of.snapshot(from.signal);
  t.equal(from.server.seen({ verb: 'get', plural: 'nodes' }).length, 1, 'a refusal is not asked for again');
});

t.test('in chosen namespaces, too, a refusal names its scope', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.fail({ verb: 'list', plural: 'pods', namespace: null }, forbidden('pods'));
    server.fail({ verb: 'list', plural: 'pods', namespace: 'shop' }, forbidden('pods'));
  });
  const error = await errorOf(view(t, from, ['shop']));
  t.match(error.message, 'list pods in namespace shop');
  t.match(error.hint, 'a Role in namespace shop: - {');
});

t.test('credentials that nobody knows', async (t) => {
  const from = await scene(t, ({ server }) => {
    server.fail({}, { kind: 'status', status: 401, message: 'Unauthorized' });
  });
  const error = await errorOf(view(t, from));
  t.equal(error.exitStatus, 77);
  t.match(error.message, /does not accept these credentials: .*Unauthorized/);
});

for (const namespaces of ['all', ['shop']] as const) {
  t.test(`budgets that may not be read are done without, and it is said: ${String(namespaces)}`, async (t) => {
    const from = await scene(t, ({ server }) => {
      server.put(object('Pod', 'web', { spec: {} }), object('PodDisruptionBudget', 'web', { spec: {} }));
      server.fail({ plural: 'poddisruptionbudgets' }, forbidden('poddisruptionbudgets'));
    });
    const snapshot = await (await view(t, from, namespaces)).snapshot(from.signal);
    t.strictSame(names(snapshot), ['Pod shop/web']);
    t.strictSame(snapshot.warnings, ['PodDisruptionBudget may not be read: what they say is not known']);
  });
}

t.test('of a budget, what tells whom it counts and how', async (t) => {
  const spec = { selector: {}, maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' };
  const from = await scene(t, ({ server }) => {
    server.put(object('PodDisruptionBudget', 'web', { spec, status: { disruptionsAllowed: 1 } }));
  });
  const { objects } = await (await view(t, from)).snapshot(from.signal);
  t.strictSame(objects[0]?.['spec'], { selector: {}, maxUnavailable: 1 });
  t.equal(objects[0]?.['status'], undefined);
});
