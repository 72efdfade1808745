import t from 'tap';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import { fields, list } from '../../../../../controller/declared/reading.ts';
import type { ProbePlace } from '../../../../../controller/fleet/kubernetes/places.ts';
import {
  agentIdOf,
  declaredProbe,
  isOfJob,
  madeAs,
  probeJob,
} from '../../../../../controller/fleet/kubernetes/probe-job.ts';
import type { ProbeJobOptions } from '../../../../../controller/fleet/kubernetes/probe-job.ts';
import type { DataPlane } from '../../../../../proto/vocabulary.ts';

const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const STAYING: ProbeJobOptions = {
  agentId: 'meshproof-k7w2-web-0123456789',
  sweepId: 'k7w2',
  controllerHost: '10.0.9.9',
  excludedRanges: [],
  controller: { address: { host: '10.0.9.9', port: 7443 }, caPem: CA },
  mesh: { trustDomain: 'mesh.example', ca: undefined },
  template: { image: 'registry.example/meshproof:1', command: ['node', '/app/bin/meshproof.js'] },
};
const OPTIONS: ProbeJobOptions = { ...STAYING, deadlineSeconds: 600 };

function placeOn(dataPlane: DataPlane, labels: Readonly<Record<string, string>> = {}): ProbePlace {
  return { vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane }, name: `probe-${dataPlane}-web`, labels };
}

function made(dataPlane: DataPlane, options: Partial<ProbeJobOptions> = {}): Record<string, Fields> {
  const job = probeJob(placeOn(dataPlane), { ...OPTIONS, ...options });
  const template = fields(job, 'spec', 'template');
  const spec = fields(template['spec']);
  return { job, template, spec, container: fields(list(spec['containers'])[0]) };
}

function environmentOf(container: unknown): Readonly<Record<string, unknown>> {
  const entries = list(fields(container)['env']).map(
    (one) => [String(fields(one)['name']), fields(one)['value']] as const,
  );
  return Object.fromEntries<unknown>(entries);
}

t.test('nothing outlives its time, and no second pod takes the place of one that ended', (t) => {
  const { job = {}, spec = {} } = made('naked');
  t.match(job['spec'], { backoffLimit: 0, activeDeadlineSeconds: 600, ttlSecondsAfterFinished: 60 });
  t.equal(spec['restartPolicy'], 'Never');
  t.end();
});

// kubernetes: staging/src/k8s.io/pod-security-admission/policy/check_*.go
t.test('the pod keeps to Pod Security "restricted"', (t) => {
  for (const plane of ['naked', 'sidecar'] as const) {
    const { spec = {}, container = {} } = made(plane);
    t.match(spec['securityContext'], { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    t.strictSame(container['securityContext'], {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    t.not(fields(spec['securityContext'])['runAsUser'], 0);
    t.not(fields(spec['securityContext'])['runAsUser'], 1337, 'what runs as this user passes by the sidecar');
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) t.notOk(field in spec, field);
    t.notOk('ports' in container);
    t.strictSame(
      list(spec['volumes']).map((volume) => Object.keys(fields(volume)).sort()),
      [['name', 'projected']],
    );
  }
  t.end();
});

t.test('no Service ever routes to it', (t) => {
  t.strictSame(made('sidecar')['spec']?.['readinessGates'], [{ conditionType: 'meshproof.io/never' }]);
  t.notOk('readinessProbe' in (made('sidecar')['container'] ?? {}));
  t.end();
});

t.test('its tokens are of its own account, for us and for the mesh CA, and none for the API server', (t) => {
  const ca = { address: { host: '10.96.0.15', port: 15012 }, serverName: 'istiod.istio-system.svc' };
  const { spec = {}, container = {} } = made('naked', { mesh: { trustDomain: 'mesh.example', ca } });
  t.equal(spec['automountServiceAccountToken'], false);
  t.equal(spec['serviceAccountName'], 'web');
  const sources = list(fields(list(spec['volumes'])[0], 'projected')['sources']);
  t.strictSame(sources, [
    { serviceAccountToken: { audience: 'meshproof', path: 'token', expirationSeconds: 3600 } },
    { serviceAccountToken: { audience: 'istio-ca', path: 'mesh-token', expirationSeconds: 3600 } },
    {
      configMap: {
        name: 'istio-ca-root-cert',
        optional: true,
        items: [{ key: 'root-cert.pem', path: 'mesh-root.pem' }],
      },
    },
    {
      downwardAPI: {
        items: [
          {
            path: 'controller-ca.pem',
            fieldRef: { fieldPath: "metadata.annotations['meshproof.io/controller-ca']" },
          },
        ],
      },
    },
  ]);
  t.match(environmentOf(container), {
    MESHPROOF_AGENT_ID: 'meshproof-k7w2-web-0123456789',
    MESHPROOF_CONTROLLER: '10.0.9.9:7443',
    MESHPROOF_CONTROLLER_CA: '/var/run/meshproof/controller-ca.pem',
    MESHPROOF_TOKEN_FILE: '/var/run/meshproof/token',
    MESHPROOF_NAMESPACE: 'shop',
    MESHPROOF_SERVICE_ACCOUNT: 'web',
    MESHPROOF_DATA_PLANE: 'naked',
    MESHPROOF_TRUST_DOMAIN: 'mesh.example',
    MESHPROOF_MESH_CA: '10.96.0.15:15012',
    MESHPROOF_MESH_CA_SERVER_NAME: 'istiod.istio-system.svc',
    MESHPROOF_MESH_CA_TOKEN_FILE: '/var/run/meshproof/mesh-token',
    MESHPROOF_MESH_ROOT: '/var/run/meshproof/mesh-root.pem',
  });
  t.equal(environmentOf(made('sidecar')['container'])['MESHPROOF_MESH_CA'], undefined);
  t.end();
});

t.test("the way to the controller, and nothing else, passes by the sidecar; the mesh's own exceptions stay", (t) => {
  const range = (options: Partial<ProbeJobOptions>): unknown =>
    fields(made('sidecar', options)['template'], 'metadata', 'annotations')[
      'traffic.sidecar.istio.io/excludeOutboundIPRanges'
    ];
  t.equal(range({}), '10.0.9.9/32');
  t.equal(range({ controllerHost: 'fd00::9' }), 'fd00::9/128');
  t.equal(range({ excludedRanges: ['169.254.169.254/32'] }), '10.0.9.9/32,169.254.169.254/32');
  const annotations = fields(made('sidecar')['template'], 'metadata', 'annotations');
  t.strictSame(JSON.parse(String(annotations['proxy.istio.io/config'])), { holdApplicationUntilProxyStarts: true });
  t.equal(annotations['meshproof.io/controller-ca'], CA);
  t.strictSame(Object.keys(fields(made('naked')['template'], 'metadata', 'annotations')), [
    'meshproof.io/controller-ca',
  ]);
  t.end();
});

t.test('an IPv6 controller is dialled in brackets', (t) => {
  const controller = { address: { host: 'fd00::9', port: 7443 }, caPem: CA };
  t.equal(environmentOf(made('naked', { controller })['container'])['MESHPROOF_CONTROLLER'], '[fd00::9]:7443');
  t.end();
});

t.test("labels are ours and the plane's, on the Job and on its pod", (t) => {
  const labels = {
    'app.kubernetes.io/name': 'meshproof',
    'app.kubernetes.io/part-of': 'meshproof',
    'app.kubernetes.io/managed-by': 'meshproof',
    'meshproof.io/role': 'probe',
    'meshproof.io/sweep': 'k7w2',
    'sidecar.istio.io/inject': 'false',
  };
  const job = probeJob(placeOn('naked', { 'sidecar.istio.io/inject': 'false' }), OPTIONS);
  t.strictSame(fields(job, 'metadata')['labels'], labels);
  t.strictSame(fields(job, 'spec', 'template', 'metadata')['labels'], labels);
  t.match(declaredProbe(placeOn('naked', { 'sidecar.istio.io/inject': 'false' }), OPTIONS).metadata.labels, labels);
  t.end();
});

t.test("the image and its ways are the controller's own", (t) => {
  const template = {
    image: 'registry.example/meshproof:1',
    command: ['node', '/app/bin/meshproof.js'],
    imagePullPolicy: 'Never',
    imagePullSecrets: [{ name: 'pull' }],
    nodeSelector: { pool: 'probes' },
    tolerations: [{ key: 'probes', operator: 'Exists' }],
  };
  const { spec = {}, container = {} } = made('naked', { template });
  t.match(container, {
    image: 'registry.example/meshproof:1',
    imagePullPolicy: 'Never',
    command: ['node', '/app/bin/meshproof.js'],
    args: ['agent'],
  });
  t.match(spec, {
    imagePullSecrets: [{ name: 'pull' }],
    nodeSelector: { pool: 'probes' },
    tolerations: [{ key: 'probes', operator: 'Exists' }],
  });
  t.end();
});

t.test('on the node, the pod is in its network, with a resolver that knows the cluster', (t) => {
  t.match(made('host')['spec'], { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
  t.end();
});

t.test('on a node of its own, the pod is there, whatever keeps others away', (t) => {
  const place = placeOn('host');
  const template = { ...OPTIONS.template, nodeSelector: { pool: 'probes' } };
  const job = probeJob({ ...place, vantage: { ...place.vantage, node: 'worker-1' } }, { ...OPTIONS, template });
  const spec = fields(job, 'spec', 'template', 'spec');
  t.strictSame(spec['nodeSelector'], {});
  t.strictSame(spec['tolerations'], [{ operator: 'Exists' }]);
  t.match(spec['affinity'], {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['worker-1'] }] }],
      },
    },
  });
  t.match(environmentOf(list(spec['containers'])[0]), { MESHPROOF_DATA_PLANE: 'host', MESHPROOF_NODE: 'worker-1' });
  t.notOk('MESHPROOF_NODE' in environmentOf(made('host')['container']));
  t.end();
});

t.test('a name fits into a label with the suffix of its pod, whatever account and sweep are called', (t) => {
  const accounts = ['a', 'a.b', 'x'.repeat(253), '0-', 'Ärger'];
  const ids = accounts.flatMap((serviceAccount) =>
    ['k7w2', '8f14e45f-ceea-467f-9575-1f0a6a1b7f3d', '-', 'Z.z'].map((sweepId) => {
      const place = placeOn('naked');
      return agentIdOf({ ...place.vantage, serviceAccount }, sweepId, '1');
    }),
  );
  for (const id of ids) t.match(id, /^(?=.{1,57}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
  t.equal(new Set(ids).size, ids.length);
  t.end();
});

t.test('a Job says what it was made as: all of it but the name of its agent', (t) => {
  const first = madeAs(made('naked')['job']);
  t.match(first, /^[0-9a-f]{64}$/);
  t.equal(madeAs(made('naked', { agentId: 'meshproof-k7w2-web-9876543210' })['job']), first);
  const others: readonly Partial<ProbeJobOptions>[] = [
    { sweepId: 'k7w3' },
    { controllerHost: '10.0.9.8' },
    { controller: { ...OPTIONS.controller, caPem: 'another' } },
    { mesh: { trustDomain: 'other.example', ca: undefined } },
    { template: { image: 'registry.example/meshproof:2' } },
    { deadlineSeconds: 601 },
    { giveUpAfterMs: 1 },
    { excludedRanges: ['10.1.0.0/16'] },
  ];
  const all = [made('sidecar')['job'], ...others.map((options) => made('sidecar', options)['job'])].map(madeAs);
  t.equal(new Set([first, ...all]).size, others.length + 2);
  t.equal(madeAs({ metadata: { name: 'somebody’s' } }), undefined);
  t.end();
});

t.test('one that stays has no deadline, and is alone for longer', (t) => {
  const job = probeJob(placeOn('naked'), { ...STAYING, giveUpAfterMs: 600_000 });
  t.notOk('activeDeadlineSeconds' in fields(job['spec']));
  const [container] = list(fields(job, 'spec', 'template', 'spec')['containers']);
  t.match(environmentOf(container), { MESHPROOF_GIVE_UP_AFTER_MS: '600000' });
  t.match(environmentOf(made('naked')['container']), { MESHPROOF_GIVE_UP_AFTER_MS: '60000' });
  t.end();
});

t.test('a pod is of a Job that controls it, by uid', (t) => {
  const pod = (owner: object): Fields => ({ metadata: { ownerReferences: [owner] } });
  t.equal(isOfJob(pod({ uid: 'job-1', controller: true }), 'job-1'), true);
  t.equal(isOfJob(pod({ uid: 'job-1' }), 'job-1'), false);
  t.equal(isOfJob(pod({ uid: 'job-2', controller: true }), 'job-1'), false);
  t.equal(isOfJob({ metadata: {} }, 'job-1'), false);
  t.end();
});
