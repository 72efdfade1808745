import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../../../controller/plan/options.ts';
import type { PlanOptions } from '../../../../controller/plan/options.ts';
import { scopeOf } from '../../../../controller/plan/scope.ts';
import type { Scope } from '../../../../controller/plan/scope.ts';

interface Facts {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly deletionTimestamp?: string;
  readonly owner?: string;
}

function object(kind: string, key: string, facts: Facts = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const { labels = {}, annotations = {}, spec, status, deletionTimestamp, owner } = facts;
  const ownerReferences = owner === undefined ? [] : [{ kind: 'StatefulSet', name: owner, controller: true }];
  const metadata = { uid: key, namespace, name, labels, annotations, ownerReferences };
  return {
    apiVersion: 'v1',
    kind,
    metadata: { ...metadata, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    spec,
    status,
  };
}

const READY = { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };

/** Runs in a cluster, and is ready. */
function running(key: string, facts: Facts = {}): K8sObject {
  const [, app = ''] = key.split('/');
  const spec = { containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }], ...facts.spec };
  return object('Pod', key, { status: READY, ...facts, labels: { app, ...facts.labels }, spec });
}

/** Leads to the pod whose label `app` is its own name, unless it is told otherwise. */
function service(key: string, facts: Facts = {}): K8sObject {
  const [, app = ''] = key.split('/');
  const spec = { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...facts.spec };
  return object('Service', key, { ...facts, spec });
}

function scope(objects: readonly K8sObject[], options: Partial<PlanOptions> = {}): Scope {
  return scopeOf(buildMesh({ objects, digest: '', warnings: [] }), { ...DEFAULT_PLAN_OPTIONS, ...options });
}

const NO = { 'meshproof.io/probe': 'false' };
const OURS = { 'app.kubernetes.io/part-of': 'meshproof' };

/** `pods | services | opted out`, each by name. */
const CASES: readonly (readonly [what: string, objects: readonly K8sObject[], drawn: string])[] = [
  ['what runs is measured', [running('shop/pay'), service('shop/pay')], 'shop/pay | shop/pay | '],
  [
    'a namespace that does not want it',
    [object('Namespace', '/shop', { annotations: NO }), running('shop/pay'), service('shop/pay')],
    ' |  | Namespace shop',
  ],
  [
    'a Service that does not want it: its pods may be dialled where it does not lead',
    [running('shop/pay'), service('shop/pay', { annotations: NO })],
    'shop/pay |  | Service shop/pay',
  ],
  [
    'a pod that does not want it keeps away from its Services as well',
    [running('shop/pay', { annotations: NO }), service('shop/pay'), running('shop/cart'), service('shop/cart')],
    'shop/cart | shop/cart | Workload shop/pay',
  ],
  [
    'the owner speaks for its pods',
    [object('StatefulSet', 'shop/db', { annotations: NO }), running('shop/db-0', { owner: 'db' })],
    ' |  | Workload shop/db',
  ],
  [
    'another word than false is no refusal',
    [running('shop/pay', { annotations: { 'meshproof.io/probe': 'true' } })],
    'shop/pay |  | ',
  ],
  [
    'what is ours is no target, wherever it is',
    [
      running('shop/probe', { labels: OURS }),
      service('shop/probe', { labels: OURS }),
      running('meshproof/web'),
      service('meshproof/web'),
    ],
    ' |  | ',
  ],
  [
    'a pod that is being deleted, one without address, and one that is declared only are not there',
    [
      running('shop/going', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      running('shop/pending', { status: { phase: 'Pending' } }),
      object('CronJob', 'shop/nightly', {
        spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'job' }] } } } } },
      }),
      running('shop/over', { status: { phase: 'Succeeded', podIP: '10.0.0.2' } }),
      running('shop/pay'),
    ],
    'shop/pay |  | ',
  ],
  [
    'Services without selector or endpoints are called, names of something else are not',
    [
      running('shop/pay'),
      service('shop/manual', { spec: { selector: undefined } }),
      service('shop/nobody'),
      service('shop/elsewhere', { spec: { type: 'ExternalName', externalName: 'a.example' } }),
    ],
    'shop/pay | shop/manual, shop/nobody | ',
  ],
  [
    'the namespaces of Kubernetes and of the mesh itself',
    [
      running('kube-system/dns'),
      service('kube-system/dns'),
      running('istio-system/istiod'),
      service('istio-system/istiod'),
    ],
    ' |  | ',
  ],
];

t.test('what there is to be measured', (t) => {
  for (const [what, objects, drawn] of CASES) {
    const { pods, services, optedOut } = scope(objects);
    const names = [pods.map(({ key }) => key), services.map(({ key }) => key), optedOut];
    t.equal(names.map((list) => list.join(', ')).join(' | '), drawn, what);
  }
  t.end();
});

t.test('chosen namespaces are all that is looked at, ours and the mesh’s own included when they are named', (t) => {
  const objects = [running('shop/pay'), running('bank/ledger'), running('istio-system/istiod'), running('lab/own')];
  const options = { namespaces: new Set(['shop', 'istio-system', 'lab']), ownNamespace: 'lab' };
  const { pods, covers } = scope(objects, options);
  t.same(
    pods.map(({ key }) => key),
    ['istio-system/istiod', 'shop/pay'],
  );
  t.same(['shop', 'bank', 'lab'].map(covers), [true, false, true]);
  t.end();
});

t.test('the port behind a Service that does not want it is closed to us, the others are not', (t) => {
  const { pods, isClosed } = scope([running('shop/pay'), service('shop/pay', { annotations: NO })]);
  const [pod] = pods;
  if (pod === undefined) throw new Error('no pod');
  t.same([isClosed(pod, 8080), isClosed(pod, 80), isClosed(pod, 9090)], [true, false, false]);
  t.end();
});

t.test('a pod that is not ready is checked as the kubelet does, and not dialled', (t) => {
  const unready = { ...READY, conditions: [{ type: 'Ready', status: 'False' }] };
  const { pods, dialled } = scope([running('shop/pay', { status: unready }), running('shop/cart')]);
  t.same(
    pods.map(({ key }) => key),
    ['shop/cart', 'shop/pay'],
  );
  t.same(
    dialled.map(({ key }) => key),
    ['shop/cart'],
  );
  t.end();
});

t.test('a way through a gateway is taken where its backend may be called and the gateway does not object', (t) => {
  const gateway = (annotations: Record<string, string>): readonly K8sObject[] => [
    {
      ...object('Gateway', 'edge/gateway', {
        spec: { selector: { istio: 'gateway' }, servers: [{ port: { number: 8080, protocol: 'HTTP' }, hosts: ['*'] }] },
      }),
      apiVersion: 'networking.istio.io/v1',
    },
    {
      ...object('VirtualService', 'shop/pay', {
        spec: {
          hosts: ['shop.example'],
          gateways: ['edge/gateway'],
          http: [{ route: [{ destination: { host: 'pay.shop.svc.cluster.local', port: { number: 80 } } }] }],
        },
      }),
      apiVersion: 'networking.istio.io/v1',
    },
    running('edge/gateway', { labels: { istio: 'gateway' }, spec: { containers: [{ name: 'istio-proxy' }] } }),
    service('edge/gateway', { annotations, spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] } }),
    running('shop/pay'),
    service('shop/pay'),
  ];
  const hosts = (objects: readonly K8sObject[], options: Partial<PlanOptions> = {}): readonly string[] =>
    scope(objects, options).gatewayRoutes.map(({ host }) => host);
  t.same(hosts(gateway({})), ['shop.example']);
  t.same(hosts(gateway({}), { namespaces: new Set(['shop']) }), ['shop.example'], 'the gateway is elsewhere');
  t.same(hosts(gateway({}), { namespaces: new Set(['edge']) }), [], 'the backend is elsewhere');
  t.same(hosts(gateway(NO)), [], 'the gateway does not want it');
  t.end();
});
