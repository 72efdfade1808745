import t from 'tap';
import type { ServedKind } from '../../../../../controller/snapshot/cluster/kinds.ts';
import { neededOf } from '../../../../../controller/snapshot/cluster/needed.ts';

function kindNamed(kind: string): ServedKind {
  return { kind, group: '', versions: ['v1'], version: 'v1', plural: '', scope: 'namespaces', leavesOutOurs: true };
}

const METADATA = { name: 'web', namespace: 'shop' };
/** What every object has, whatever was given. */
const UNIFORM = { name: 'web', namespace: 'shop', labels: {}, annotations: {}, ownerReferences: [] };

/** What is left of the object but its name. */
function contentOf(kind: string, given: Readonly<Record<string, unknown>>): unknown {
  const object = neededOf(kindNamed(kind), { metadata: METADATA, ...given });
  if (object === null) return null;
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => !['kind', 'apiVersion', 'metadata'].includes(key)),
  );
}

t.test('metadata without bookkeeping', (t) => {
  const object = neededOf(kindNamed('Service'), {
    metadata: {
      ...METADATA,
      uid: 'u',
      resourceVersion: '7',
      generation: 3,
      creationTimestamp: '2026-01-01T00:00:00Z',
      deletionTimestamp: '2026-01-02T00:00:00Z',
      managedFields: [{}],
      finalizers: ['x'],
      labels: { app: 'web' },
      annotations: {
        'meshproof.io/path': '/healthy',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        'control-plane.alpha.kubernetes.io/leader': '{}',
        'deployment.kubernetes.io/revision': '4',
        'endpoints.kubernetes.io/last-change-trigger-time': 'now',
      },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'v', controller: true, blockOwnerDeletion: true },
      ],
    },
  });
  t.strictSame(object?.metadata, {
    name: 'web',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '7',
    generation: 3,
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-02T00:00:00Z',
    labels: { app: 'web' },
    annotations: { 'meshproof.io/path': '/healthy' },
    ownerReferences: [{ kind: 'X', name: 'x', controller: true }],
  });
  t.end();
});

t.test('metadata of an object that has none to speak of', (t) => {
  t.strictSame(neededOf(kindNamed('Service'), { metadata: METADATA })?.metadata, UNIFORM);
  t.end();
});

const POD_SPEC = {
  serviceAccountName: 'web',
  nodeName: 'n1',
  hostNetwork: true,
  volumes: [{}],
  tolerations: [{}],
  containers: [
    {
      name: 'app',
      image: 'app:1',
      env: [{ name: 'PASSWORD', value: 'x' }],
      args: ['--secret'],
      ports: [{ containerPort: 8080 }],
      livenessProbe: { tcpSocket: { port: 8080 } },
      resources: {},
    },
  ],
  initContainers: [
    {
      name: 'istio-proxy',
      args: ['proxy', 'sidecar'],
      env: [
        { name: 'ISTIO_KUBE_APP_PROBERS', value: '{}' },
        { name: 'TRUST_DOMAIN', value: 'cluster.local' },
        { name: 'DISABLE_ENVOY', value: 'true' },
      ],
    },
  ],
};
const NEEDED_POD_SPEC = {
  serviceAccountName: 'web',
  hostNetwork: true,
  nodeName: 'n1',
  containers: [{ name: 'app', ports: [{ containerPort: 8080 }], livenessProbe: { tcpSocket: { port: 8080 } } }],
  initContainers: [
    {
      name: 'istio-proxy',
      args: ['proxy', 'sidecar'],
      env: [
        { name: 'ISTIO_KUBE_APP_PROBERS', value: '{}' },
        { name: 'DISABLE_ENVOY', value: 'true' },
      ],
    },
  ],
};
const TEMPLATE = {
  metadata: { labels: { app: 'web' }, annotations: { a: 'b' }, creationTimestamp: null },
  spec: POD_SPEC,
};
const NEEDED_TEMPLATE = { metadata: { labels: { app: 'web' }, annotations: { a: 'b' } }, spec: NEEDED_POD_SPEC };

t.test('of a pod what the engine reads: no images, no volumes, no environment but the proxy’s own words', (t) => {
  t.strictSame(
    contentOf('Pod', {
      spec: POD_SPEC,
      status: {
        phase: 'Running',
        podIP: '10.0.0.7',
        podIPs: [{ ip: '10.0.0.7' }],
        startTime: 'then',
        conditions: [
          { type: 'Ready', status: 'False', lastTransitionTime: 'then', reason: 'ContainersNotReady' },
          { type: 'Initialized', status: 'True' },
        ],
        containerStatuses: [{ name: 'app', ready: true }],
        initContainerStatuses: [{ name: 'istio-proxy', ready: false, restartCount: 3, image: 'proxyv2' }],
      },
    }),
    {
      spec: NEEDED_POD_SPEC,
      status: {
        phase: 'Running',
        podIP: '10.0.0.7',
        podIPs: [{ ip: '10.0.0.7' }],
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [],
        initContainerStatuses: [{ name: 'istio-proxy', ready: false }],
      },
    },
  );
  t.end();
});

const ENDED = { conditions: [{ type: 'Complete', status: 'True' }] };
const OWNED = { ...METADATA, ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }] };

const CASES: readonly (readonly [
  says: string,
  kind: string,
  given: Readonly<Record<string, unknown>>,
  wanted: unknown,
])[] = [
  [
    'a Deployment keeps its template',
    'Deployment',
    { spec: { replicas: 2, selector: {}, strategy: {}, template: TEMPLATE } },
    { spec: { replicas: 2, selector: {}, template: NEEDED_TEMPLATE }, status: {} },
  ],
  [
    'how far the rollout of a Deployment is, and nothing else of its status',
    'Deployment',
    {
      spec: { replicas: 3, selector: {}, paused: true, template: TEMPLATE },
      status: {
        observedGeneration: 7,
        replicas: 4,
        updatedReplicas: 2,
        readyReplicas: 3,
        availableReplicas: 3,
        unavailableReplicas: 1,
        conditions: [
          { type: 'Available', status: 'True' },
          { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: '…', lastUpdateTime: 'now' },
        ],
      },
    },
    {
      spec: { replicas: 3, selector: {}, template: NEEDED_TEMPLATE, paused: true },
      status: {
        observedGeneration: 7,
        replicas: 4,
        updatedReplicas: 2,
        readyReplicas: 3,
        availableReplicas: 3,
        conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
      },
    },
  ],
  [
    'that of a StatefulSet, which may be held at a partition',
    'StatefulSet',
    {
      spec: {
        replicas: 3,
        template: TEMPLATE,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2, maxUnavailable: 1 } },
      },
      status: { observedGeneration: 2, currentRevision: 'a', updateRevision: 'b', collisionCount: 0 },
    },
    {
      spec: {
        replicas: 3,
        template: NEEDED_TEMPLATE,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
      },
      status: { observedGeneration: 2, currentRevision: 'a', updateRevision: 'b' },
    },
  ],
  [
    'a ReplicaSet of a Deployment says who owns it',
    'ReplicaSet',
    { metadata: OWNED, spec: { replicas: 1, template: TEMPLATE } },
    { spec: { replicas: 1 } },
  ],
  [
    'an old ReplicaSet of a Deployment says nothing',
    'ReplicaSet',
    { metadata: OWNED, spec: { replicas: 0, template: TEMPLATE } },
    null,
  ],
  [
    'a ReplicaSet of nobody keeps its template',
    'ReplicaSet',
    { spec: { replicas: 1, template: TEMPLATE } },
    { spec: { replicas: 1, template: NEEDED_TEMPLATE } },
  ],
  [
    'a DaemonSet without a node for it stands for no pod',
    'DaemonSet',
    { spec: { template: TEMPLATE }, status: { desiredNumberScheduled: 0 } },
    null,
  ],
  [
    'a DaemonSet with nodes, whose pods wait to be deleted by hand',
    'DaemonSet',
    {
      spec: { template: TEMPLATE, updateStrategy: { type: 'OnDelete' } },
      status: { desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3, numberReady: 3 },
    },
    {
      spec: { template: NEEDED_TEMPLATE, updateStrategy: { type: 'OnDelete' } },
      status: { desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 },
    },
  ],
  [
    'a Job that runs',
    'Job',
    { spec: { template: TEMPLATE }, status: { active: 1 } },
    { spec: { template: NEEDED_TEMPLATE } },
  ],
  ['a Job that is over', 'Job', { spec: { template: TEMPLATE }, status: ENDED }, null],
  [
    'a Job that failed',
    'Job',
    { spec: { template: TEMPLATE }, status: { conditions: [{ type: 'Failed', status: 'True' }] } },
    null,
  ],
  ['a Job that is held', 'Job', { spec: { suspend: true, template: TEMPLATE } }, null],
  [
    'a CronJob keeps the template of its Jobs',
    'CronJob',
    {
      spec: { schedule: '* * * * *', jobTemplate: { spec: { backoffLimit: 1, template: TEMPLATE } } },
      status: { lastScheduleTime: 'now' },
    },
    { spec: { jobTemplate: { spec: { template: NEEDED_TEMPLATE } } } },
  ],
  [
    'a policy keeps its spec and loses its status',
    'PeerAuthentication',
    { spec: { mtls: { mode: 'STRICT' } }, status: { x: 1 } },
    { spec: { mtls: { mode: 'STRICT' } } },
  ],
  ['a policy without a spec', 'PeerAuthentication', {}, { spec: {} }],
  ['a ServiceAccount is a name', 'ServiceAccount', { secrets: [{ name: 'token' }] }, {}],
  ['a Namespace is its labels', 'Namespace', { spec: { finalizers: [] }, status: { phase: 'Active' } }, {}],
  [
    'a Node is its addresses',
    'Node',
    { spec: { podCIDR: 'x' }, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], conditions: [{}] } },
    { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] } },
  ],
  [
    'an EndpointSlice',
    'EndpointSlice',
    {
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        {
          addresses: ['10.0.0.7'],
          conditions: { ready: false, serving: true },
          nodeName: 'n1',
          targetRef: { kind: 'Pod', name: 'web-1', namespace: 'shop', uid: 'u' },
        },
      ],
    },
    {
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        {
          addresses: ['10.0.0.7'],
          conditions: { ready: false },
          targetRef: { kind: 'Pod', name: 'web-1', namespace: 'shop' },
        },
      ],
    },
  ],
  [
    'the configuration of the mesh, of any revision',
    'ConfigMap',
    {
      metadata: { name: 'istio-blue', namespace: 'istio-system' },
      data: { mesh: 'trustDomain: a', meshNetworks: 'x' },
    },
    { data: { mesh: 'trustDomain: a' }, decoded: { mesh: { trustDomain: 'a' } } },
  ],
  [
    'the configuration of the injector',
    'ConfigMap',
    { metadata: { name: 'istio-sidecar-injector-blue', namespace: 'istio-system' }, data: { values: '{"global":{}}' } },
    { data: { values: '{"global":{}}' }, decoded: { values: { global: {} } } },
  ],
  [
    'another ConfigMap beside it',
    'ConfigMap',
    { metadata: { name: 'istio-ca-root-cert', namespace: 'istio-system' }, data: { 'root-cert.pem': '' } },
    null,
  ],
  ['a ConfigMap with a mesh of somebody else', 'ConfigMap', { data: { mesh: 'triangles' } }, null],
];

for (const [says, kind, given, wanted] of CASES) {
  t.test(says, (t) => {
    t.strictSame(contentOf(kind, given), wanted);
    t.end();
  });
}

t.test('ours is left out where the kind says so; what is no object always is', (t) => {
  const ours = { metadata: { ...METADATA, labels: { 'app.kubernetes.io/part-of': 'meshproof' } } };
  t.equal(neededOf(kindNamed('Pod'), ours), null);
  t.equal(neededOf({ ...kindNamed('NetworkPolicy'), leavesOutOurs: false }, ours)?.metadata.name, 'web');
  for (const given of [null, 'text', {}, { metadata: {} }, { metadata: { name: 7 } }])
    t.equal(neededOf(kindNamed('Pod'), given), null);
  t.end();
});
