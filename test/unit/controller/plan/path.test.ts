import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import { flowOf } from '../../../../controller/plan/flow.ts';
import { makePlan } from '../../../../controller/plan/plan.ts';
import type { PlacedVantage } from '../../../../controller/plan/plan.ts';
import { targetKey } from '../../../../proto/vocabulary.ts';

function object(kind: string, key: string, spec: unknown, more: Partial<K8sObject['metadata']> = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const metadata = { namespace, name, labels: {}, annotations: {}, ownerReferences: [], ...more };
  const apiVersion = kind === 'AuthorizationPolicy' ? 'security.istio.io/v1' : 'v1';
  return { apiVersion, kind, metadata, spec };
}

const READINESS = { readinessProbe: { httpGet: { path: '/ready', port: 'web' } } };

function pod(container: Record<string, unknown> = {}, annotations: Record<string, string> = {}): K8sObject {
  const containers = [{ name: 'app', ports: [{ name: 'web', containerPort: 8080 }], ...container }];
  return object('Pod', 'shop/pay', { containers }, { labels: { app: 'pay' }, annotations });
}

function service(annotations: Record<string, string> = {}): K8sObject {
  const ports = [{ name: 'http', port: 80, targetPort: 'web' }];
  return object('Service', 'shop/pay', { selector: { app: 'pay' }, ports }, { annotations });
}

function allow(operation: Record<string, unknown>): K8sObject {
  return object('AuthorizationPolicy', 'shop/some', { rules: [{ to: [{ operation }] }] });
}

const SIDECAR = { 'istio.io/rev': 'default' };
const BATCH: PlacedVantage = {
  vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' },
  workload: 'legacy/batch',
};
const PROBER: PlacedVantage = {
  vantage: { namespace: 'meshproof', serviceAccount: 'prober', dataPlane: 'naked' },
  workload: 'meshproof/prober',
};

/** Path of the plaintext probe, at the Service and at the pod's own port. */
const CASES: readonly (readonly [what: string, objects: readonly K8sObject[], service: string, pod: string])[] = [
  ['nobody says anything', [pod(), service()], '/', '/'],
  ['the path of the readiness check on that port', [pod(READINESS), service()], '/ready', '/ready'],
  [
    'a check on another port says nothing of this one',
    [pod({ readinessProbe: { httpGet: { path: '/ready', port: 9090 } } }), service()],
    '/',
    '/',
  ],
  [
    'a liveness check may do more than look',
    [pod({ livenessProbe: { httpGet: { path: '/live', port: 8080 } } }), service()],
    '/',
    '/',
  ],
  [
    'the path of an HTTPS check is none of plaintext',
    [pod({ readinessProbe: { httpGet: { path: '/ready', port: 8080, scheme: 'HTTPS' } } }), service()],
    '/',
    '/',
  ],
  ["an annotation of the pod's", [pod(READINESS, { 'meshproof.io/path': '/hello' }), service()], '/hello', '/hello'],
  [
    "the Service's annotation comes first",
    [pod(READINESS, { 'meshproof.io/path': '/hello' }), service({ 'meshproof.io/path': '/welcome?x=1' })],
    '/welcome?x=1',
    '/welcome?x=1',
  ],
  [
    'what is no path is not sent',
    [pod(READINESS, { 'meshproof.io/path': '/a\r\nx: y' }), service({ 'meshproof.io/path': 'hello' })],
    '/ready',
    '/ready',
  ],
  [
    'policies that tell paths apart: the path of the check may be the one that everybody sees',
    [pod(READINESS), service(), allow({ paths: ['/ready'] })],
    '/',
    '/',
  ],
  ['and so with paths that are excepted', [pod(READINESS), service(), allow({ notPaths: ['/ready'] })], '/', '/'],
  ['policies on something else leave it', [pod(READINESS), service(), allow({ methods: ['GET'] })], '/ready', '/ready'],
];

t.test('the path of an HTTP probe', (t) => {
  for (const [what, objects, ofService, ofPod] of CASES) {
    const namespace = object('Namespace', '/shop', {}, { labels: SIDECAR });
    const mesh = buildMesh({ objects: [namespace, ...objects], digest: '', warnings: [] });
    const asked = makePlan(mesh, [BATCH, PROBER]).cells.flatMap(({ route: { target, probe } }) =>
      probe.kind === 'http' ? [`${targetKey(target)} ${probe.method} ${probe.path}`] : [],
    );
    t.same(asked, [`shop/pay:80 GET ${ofService}`, `pod:shop/pay:8080 GET ${ofPod}`], what);
  }
  t.end();
});

t.test('mutual TLS asks for the same path inside, and so does its expectation', (t) => {
  const mesh = buildMesh({ objects: [pod(READINESS), service()], digest: '', warnings: [] });
  const { cells } = makePlan(mesh, [PROBER]);
  const inside = cells.flatMap(({ route, source }) => {
    const { probe } = route;
    if (probe.kind !== 'mtls' && probe.kind !== 'mtls-untrusted') return [];
    return [[probe.kind, probe.path, flowOf(route, source).request?.path]];
  });
  t.same(inside, [
    ['mtls', '/ready', '/ready'],
    ['mtls-untrusted', '/ready', '/ready'],
  ]);
  t.end();
});
