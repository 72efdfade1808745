import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import { isSuppressed, rolloutsIn, suppressionOf } from '../../../../controller/monitor/suppression.ts';
import type { Target } from '../../../../proto/vocabulary.ts';
import { object, pod, service } from '../judge/live-mesh.ts';

const PAY: Target = { kind: 'service', namespace: 'shop', name: 'pay', port: 80 };
const PAY_POD: Target = { kind: 'pod', namespace: 'shop', name: 'pay', port: 8080 };

/** As an API server shows a workload: what is wanted, and what its controller says of it. */
function workload(kind: string, spec: object, status: object, generation = 3): K8sObject {
  const metadata = { generation } as object;
  return { ...object(kind, 'shop/pay', spec, metadata), status: { observedGeneration: 3, ...status } };
}

const progressing = (reason: string, status = 'True'): object => ({
  conditions: [{ type: 'Progressing', status, reason }],
});
const DONE = progressing('NewReplicaSetAvailable');
const UNDER_WAY = progressing('ReplicaSetUpdated');

const THREE = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const ROLLING = { updateStrategy: { type: 'RollingUpdate' }, replicas: 3 };

const WORKLOADS: readonly (readonly [what: string, workload: K8sObject, isRollingOut: boolean])[] = [
  ['all of three are new and available', workload('Deployment', { replicas: 3 }, { ...THREE, ...DONE }), false],
  [
    'one of three is new',
    workload('Deployment', { replicas: 3 }, { ...THREE, replicas: 4, updatedReplicas: 1, ...UNDER_WAY }),
    true,
  ],
  ['an old one is still there', workload('Deployment', { replicas: 3 }, { ...THREE, replicas: 4, ...UNDER_WAY }), true],
  [
    'the last new one is not available yet',
    workload('Deployment', { replicas: 3 }, { ...THREE, availableReplicas: 2, ...UNDER_WAY }),
    true,
  ],
  [
    'one has failed since all were replaced',
    workload('Deployment', { replicas: 3 }, { ...THREE, availableReplicas: 2, ...DONE }),
    false,
  ],
  [
    'it does not come on any more',
    workload(
      'Deployment',
      { replicas: 3 },
      { ...THREE, replicas: 4, updatedReplicas: 1, ...progressing('ProgressDeadlineExceeded', 'False') },
    ),
    false,
  ],
  ['its controller has not looked yet', workload('Deployment', { replicas: 3 }, { ...THREE, ...DONE }, 4), true],
  [
    'somebody has paused it',
    workload('Deployment', { replicas: 3, paused: true }, { ...THREE, updatedReplicas: 1 }, 4),
    false,
  ],
  ['one replica is the default', workload('Deployment', {}, { updatedReplicas: 0 }), true],
  ['scaled to none', workload('Deployment', { replicas: 0 }, DONE), false],
  ['a manifest that nobody has applied', object('Deployment', 'shop/pay', { replicas: 3 }), false],
  [
    'a StatefulSet at its revision',
    workload('StatefulSet', ROLLING, { ...THREE, currentRevision: 'pay-1', updateRevision: 'pay-1' }),
    false,
  ],
  [
    'a StatefulSet between two',
    workload('StatefulSet', ROLLING, {
      ...THREE,
      updatedReplicas: 2,
      currentRevision: 'pay-1',
      updateRevision: 'pay-2',
    }),
    true,
  ],
  ['a StatefulSet that was just changed', workload('StatefulSet', ROLLING, THREE, 4), true],
  [
    'a StatefulSet whose pods are deleted by hand',
    workload(
      'StatefulSet',
      { ...ROLLING, updateStrategy: { type: 'OnDelete' } },
      { ...THREE, updatedReplicas: 0, currentRevision: 'pay-1', updateRevision: 'pay-2' },
    ),
    false,
  ],
  [
    'a StatefulSet of which two are held back',
    workload(
      'StatefulSet',
      { ...ROLLING, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { ...THREE, updatedReplicas: 1, currentRevision: 'pay-1', updateRevision: 'pay-2' },
    ),
    false,
  ],
  [
    'and whose third is not new yet',
    workload(
      'StatefulSet',
      { ...ROLLING, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { ...THREE, updatedReplicas: 0, currentRevision: 'pay-1', updateRevision: 'pay-2' },
    ),
    true,
  ],
  [
    'a DaemonSet on all of its nodes',
    workload('DaemonSet', {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }),
    false,
  ],
  [
    'a DaemonSet on one of two',
    workload('DaemonSet', {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 }),
    true,
  ],
  [
    'a DaemonSet whose pods are deleted by hand',
    workload(
      'DaemonSet',
      { updateStrategy: { type: 'OnDelete' } },
      { desiredNumberScheduled: 2, updatedNumberScheduled: 0, numberAvailable: 2 },
    ),
    false,
  ],
  ['what rolls nothing out', workload('ReplicaSet', { replicas: 3 }, { replicas: 1 }, 4), false],
];

t.test('whose pods are being replaced', (t) => {
  for (const [what, one, isRollingOut] of WORKLOADS) {
    t.same([...rolloutsIn([one])], isRollingOut ? ['shop/pay'] : [], what);
  }
  t.end();
});

/** Two pods behind the Service, as its EndpointSlice says. */
const slice: K8sObject = {
  ...object('EndpointSlice', 'shop/pay-x', undefined, { labels: { 'kubernetes.io/service-name': 'pay' } }),
  apiVersion: 'discovery.k8s.io/v1',
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: ['pay', 'pay-2'].map((name) => ({
    addresses: [`10.0.0.${String(name.length)}`],
    conditions: { ready: true },
    targetRef: { kind: 'Pod', namespace: 'shop', name },
  })),
};
const ENDING = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const OWNED = { ownerReferences: [{ kind: 'StatefulSet', name: 'payments', controller: true }] };

function suppressed(
  pods: readonly K8sObject[],
  target = PAY,
  rollouts: readonly string[] = [],
  endpoints = slice,
): string | undefined {
  return suppressionOf(
    buildMesh({ objects: [...pods, service('shop/pay'), endpoints], digest: '', warnings: [] }),
    target,
    new Set(rollouts),
  );
}

t.test('pods that come or go say nothing about policy', (t) => {
  const other = pod('shop/pay-2');
  t.equal(suppressed([pod('shop/pay'), other]), undefined);
  t.equal(suppressed([pod('shop/pay', { metadata: ENDING }), other]), 'terminating');
  t.equal(suppressed([pod('shop/pay', { isReady: false }), other]), 'not-ready');
  t.equal(suppressed([pod('shop/pay', { metadata: OWNED }), other], PAY, ['shop/payments']), 'rollout');
  t.equal(suppressed([pod('shop/pay', { metadata: OWNED }), other], PAY, ['legacy/payments']), undefined);
  t.end();
});

t.test('each pod for itself, where it is the target', (t) => {
  const ending = pod('shop/pay-2', { metadata: ENDING });
  t.equal(suppressed([pod('shop/pay'), ending]), 'terminating', 'the Service leads to it');
  t.equal(suppressed([pod('shop/pay'), ending], PAY_POD), undefined);
  t.equal(suppressed([pod('shop/pay', { isReady: false }), ending], PAY_POD), 'not-ready');
  t.end();
});

t.test('other ports and Services are not concerned', (t) => {
  const pods = [pod('shop/pay', { metadata: ENDING })];
  t.equal(suppressed(pods, { ...PAY, port: 81 }), undefined);
  t.equal(suppressed(pods, { ...PAY, name: 'cart' }), undefined);
  t.end();
});

/** As while all pods are replaced at once: kube-proxy still leads to the one that ends. */
t.test('where no endpoint is ready, the pods that the Service selects count', (t) => {
  const none: K8sObject = {
    ...slice,
    endpoints: [
      {
        addresses: ['10.0.0.3'],
        conditions: { ready: false, serving: true, terminating: true },
        targetRef: { kind: 'Pod', namespace: 'shop', name: 'pay' },
      },
    ],
  };
  const gone: K8sObject = { ...slice, endpoints: [] };
  t.equal(suppressed([pod('shop/pay', { metadata: ENDING })], PAY, [], none), 'terminating');
  t.equal(suppressed([pod('shop/pay', { isReady: false })], PAY, [], gone), 'not-ready');
  t.equal(suppressed([pod('shop/pay', { metadata: OWNED })], PAY, ['shop/payments'], gone), 'rollout');
  t.equal(suppressed([pod('shop/cart', { metadata: ENDING })], PAY, [], gone), undefined, 'pods of others');
  t.equal(suppressed([pod('legacy/pay', { metadata: ENDING })], PAY, [], gone), undefined, 'of another namespace');
  t.equal(suppressed([], PAY, [], gone), undefined);
  t.end();
});

t.test('what of a drift is not believed', (t) => {
  const drifts = ['blocked', 'misplaced', 'exposed', 'downgraded', 'agrees', 'unknown'] as const;
  const of = (
    outcome: 'DENY_STRICT' | 'NO_ENDPOINTS',
    suppression: 'rollout' | 'fresh-policy' | null,
  ): readonly string[] => drifts.filter((drift) => isSuppressed({ drift, expectation: { outcome } }, suppression));
  t.same(of('DENY_STRICT', null), []);
  t.same(of('DENY_STRICT', 'rollout'), ['blocked', 'misplaced'], 'an answer that came is a fact');
  t.same(of('DENY_STRICT', 'fresh-policy'), ['blocked', 'misplaced', 'exposed', 'downgraded']);
  t.same(of('NO_ENDPOINTS', null), []);
  t.same(of('NO_ENDPOINTS', 'rollout'), ['blocked', 'misplaced', 'exposed', 'downgraded']);
  t.end();
});
