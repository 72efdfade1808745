import t from 'tap';
import { overlay } from '../../../../controller/gate/overlay.ts';
import type { ObjectName } from '../../../../controller/gate/overlay.ts';
import type { K8sObject } from '../../../../controller/declared/objects.ts';

interface Shape {
  readonly created?: string;
  readonly owner?: readonly [kind: string, name: string];
  readonly labels?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** `apps/v1 Deployment shop/pay` and what more there is to say of it. */
function object(words: string, { created, owner, labels = {}, ...rest }: Shape = {}): K8sObject {
  const [apiVersion = '', kind = '', place = ''] = words.split(' ');
  const [namespace = '', name = ''] = place.split('/');
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels,
      annotations: {},
      ownerReferences: owner === undefined ? [] : [{ kind: owner[0], name: owner[1], controller: true }],
      ...(created === undefined ? {} : { creationTimestamp: created }),
    },
    ...rest,
  };
}

const OLD = '2024-01-01T00:00:00Z';
const policy = (name: string, more: Shape = {}): K8sObject =>
  object(`security.istio.io/v1 PeerAuthentication shop/${name}`, more);
const named = (text: string): ObjectName => {
  const [kind = '', namespace = '', name = ''] = text.split('/');
  return { kind, namespace, name };
};
const names = (objects: readonly K8sObject[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);

t.test('what is new is younger than everything that is there, what is replaced keeps its age', (t) => {
  const base = [policy('a', { created: OLD }), policy('b', { created: '2024-06-01T00:00:00Z' })];
  const { objects, changes } = overlay(base, [policy('a', { spec: 1 }), policy('c')], []);
  t.same(
    objects.map(({ metadata }) => [metadata.name, metadata.creationTimestamp]),
    [
      ['a', OLD],
      ['b', '2024-06-01T00:00:00Z'],
      ['c', '2024-06-01T00:00:01.000Z'],
    ],
  );
  t.equal(objects[0]?.['spec'], 1);
  t.same(
    changes.map(({ change, object: { name } }) => `${change} ${name}`),
    ['replaced a', 'added c'],
  );
  t.end();
});

t.test('manifests without times: what is there is older than what is new', (t) => {
  const { objects } = overlay([policy('b')], [policy('a'), policy('b')], []);
  const time = (name: string): string | undefined =>
    objects.find(({ metadata }) => metadata.name === name)?.metadata.creationTimestamp;
  t.equal(time('b'), undefined);
  t.ok(Date.parse(time('a') ?? '') > 0);
  t.end();
});

t.test('another version of the same group is the same object, another group is not', (t) => {
  const base = [object('security.istio.io/v1beta1 PeerAuthentication shop/a'), object('v1 Service shop/a')];
  const { changes } = overlay(base, [policy('a'), object('serving.knative.dev/v1 Service shop/a')], []);
  t.same(
    changes.map(({ change }) => change),
    ['replaced', 'added'],
  );
  t.end();
});

t.test('deletion is by kind in any case, and says whom it did not find', (t) => {
  const { objects, changes, missing } = overlay(
    [policy('a'), policy('b')],
    [],
    [named('peerauthentication/shop/a'), named('Service/shop/b')],
  );
  t.same(names(objects), ['PeerAuthentication shop/b']);
  t.same(changes, [{ change: 'deleted', object: { kind: 'PeerAuthentication', namespace: 'shop', name: 'a' } }]);
  t.same(missing, [named('Service/shop/b')]);
  t.end();
});

const template = (inject: string): unknown => ({ template: { metadata: { labels: { inject } } } });
const running = [
  object('apps/v1 Deployment shop/pay', { spec: template('false') }),
  object('apps/v1 ReplicaSet shop/pay-1', { owner: ['Deployment', 'pay'] }),
  object('v1 Pod shop/pay-1-x', { owner: ['ReplicaSet', 'pay-1'] }),
  object('v1 Pod shop/other'),
  object('discovery.k8s.io/v1 EndpointSlice shop/pay-abc', {
    labels: { 'kubernetes.io/service-name': 'pay' },
    endpoints: [{ targetRef: { kind: 'Pod', name: 'pay-1-x' } }],
  }),
  object('v1 Endpoints shop/pay', { subsets: [{ addresses: [{ targetRef: { kind: 'Pod', name: 'pay-1-x' } }] }] }),
];

t.test('a new template replaces the running pods, and endpoints that name them', (t) => {
  const { objects } = overlay(running, [object('apps/v1 Deployment shop/pay', { spec: template('true') })], []);
  t.same(names(objects), ['Deployment shop/pay', 'Pod shop/other']);
  t.end();
});

t.test('the same template leaves them alone', (t) => {
  const { objects } = overlay(running, [object('apps/v1 Deployment shop/pay', { spec: template('false') })], []);
  t.equal(objects.length, running.length);
  t.end();
});

t.test('a Service that changes is asked for its endpoints anew', (t) => {
  const base = [...running, object('v1 Service shop/pay', { spec: { selector: { app: 'pay' } } })];
  const { objects } = overlay(base, [object('v1 Service shop/pay', { spec: { selector: { app: 'new' } } })], []);
  t.notOk(names(objects).some((name) => name.startsWith('Endpoint')));
  t.end();
});

t.test('a namespace takes along what is in it', (t) => {
  const { objects } = overlay(
    [object('v1 Namespace /shop'), object('v1 Namespace /web'), policy('a')],
    [],
    [{ kind: 'Namespace', namespace: '', name: 'shop' }],
  );
  t.same(names(objects), ['Namespace /web']);
  t.end();
});
