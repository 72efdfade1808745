/** The chart, rendered by Helm itself: the same objects as `meshproof install` prints. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import t from 'tap';
import { VERSION } from '../../proto/version.ts';
import { manifests } from '../../controller/install/manifests.ts';
import type { InstallOptions } from '../../controller/install/manifests.ts';
import { realHelm } from '../support/helm.ts';

const CHART = fileURLToPath(new URL('../../deploy/helm/meshproof', import.meta.url));
const helm = realHelm();
const skip = 'missing' in helm ? helm.missing : false;

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  readonly [field: string]: unknown;
}

const OPTIONS: InstallOptions = {
  image: `ghcr.io/meshproof/meshproof:${VERSION}`,
  ownNamespace: 'meshproof',
  rootNamespace: 'istio-system',
  measured: 'all',
  namespaces: 'all',
};

function render(...values: readonly string[]): { readonly objects: readonly Rendered[]; readonly stderr: string } {
  const binary = 'binary' in helm ? helm.binary : '';
  const set = values.flatMap((value) => ['--set-json', value]);
  const args = ['template', 'm', CHART, '--namespace', 'meshproof', '--kube-version', '1.34.0', ...set];
  const { stdout, stderr } = spawnSync(binary, args, { encoding: 'utf8' });
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as Rendered | null);
  return { objects: objects.filter((object) => object !== null), stderr };
}

function byName(objects: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(
    (objects as readonly Rendered[]).map((object) => {
      const { kind, metadata } = object;
      return [`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, JSON.parse(JSON.stringify(object)) as unknown];
    }),
  );
}

const CASES: readonly (readonly [what: string, values: readonly string[], options: Partial<InstallOptions>])[] = [
  ['as it is', [], {}],
  [
    'namespaced, in a mesh of another root namespace, on a schedule',
    ['namespaced=true', 'namespaces=["shop","bank"]', 'rootNamespace="mesh"', 'schedule="0 * * * *"'],
    { namespaces: ['shop', 'bank'], measured: ['shop', 'bank'], rootNamespace: 'mesh', schedule: '0 * * * *' },
  ],
  [
    'namespaced, where the control plane is measured as well',
    ['namespaced=true', 'namespaces=["shop","istio-system"]'],
    { namespaces: ['shop', 'istio-system'], measured: ['shop', 'istio-system'] },
  ],
  ['with baselines that Jobs keep', ['baselines=true'], { baselines: true }],
  ['with serve', ['serve.enabled=true'], { serve: { events: false, reports: false } }],
  [
    'with serve that tells, namespaced',
    ['serve.enabled=true', 'serve.events=true', 'serve.reports=true', 'namespaced=true', 'namespaces=["shop"]'],
    { serve: { events: true, reports: true }, namespaces: ['shop'], measured: ['shop'] },
  ],
  [
    'with serve that writes reports',
    ['serve.enabled=true', 'serve.reports=true', 'namespaces=["shop"]'],
    { serve: { events: false, reports: true }, measured: ['shop'] },
  ],
];

for (const [what, values, options] of CASES) {
  t.test(`${what}, the chart gives what install prints`, { skip }, (t) => {
    const { objects, stderr } = render(...values);
    t.equal(stderr, '');
    const chart = byName(objects.filter(({ metadata }) => metadata.annotations === undefined));
    // The namespace of a release is Helm's to make.
    const printed = byName(
      manifests({ ...OPTIONS, ...options })
        .map(({ object }) => object)
        .filter(({ kind }) => kind !== 'Namespace'),
    );
    t.same([...chart.keys()].sort(), [...printed.keys()].sort());
    for (const [name, object] of printed) t.same(chart.get(name), object, name);
    t.end();
  });
}

t.test('helm test is the doctor, with the rights of a sweep and as restricted', { skip }, (t) => {
  const [test, ...others] = render().objects.filter(({ metadata }) => metadata.annotations !== undefined);
  t.same(others, []);
  t.match(test, {
    kind: 'Job',
    metadata: { annotations: { 'helm.sh/hook': 'test' } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          serviceAccountName: 'meshproof-controller',
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              args: ['doctor', '--in-cluster', '--root-namespace', 'istio-system', '-A'],
              securityContext: { readOnlyRootFilesystem: true },
            },
          ],
        },
      },
    },
  });
  t.end();
});

t.test('helm test looks where the chart was installed for, and runs where its pods may', { skip }, (t) => {
  const { objects, stderr } = render(
    'rootNamespace="mesh"',
    'nodeSelector={"pool":"tools"}',
    'tolerations=[{"key":"tools","operator":"Exists"}]',
    'imagePullSecrets=[{"name":"registry"}]',
  );
  t.equal(stderr, '');
  t.match(
    objects.find(({ metadata }) => metadata.annotations !== undefined),
    {
      spec: {
        template: {
          spec: {
            nodeSelector: { pool: 'tools' },
            tolerations: [{ key: 'tools', operator: 'Exists' }],
            imagePullSecrets: [{ name: 'registry' }],
            containers: [{ args: ['doctor', '--in-cluster', '--root-namespace', 'mesh', '-A'] }],
          },
        },
      },
    },
  );
  t.end();
});

type Json = Readonly<Record<string, unknown>>;

interface PodSpec {
  readonly containers: readonly [Json & { readonly args: readonly string[] }];
  readonly volumes?: readonly Json[];
  readonly [field: string]: unknown;
}

/** The Deployment with these values of `serve`. */
function served(...values: readonly string[]): { readonly spec: Json; readonly pod: PodSpec } {
  const { objects, stderr } = render('serve.enabled=true', ...values.map((value) => `serve.${value}`));
  t.equal(stderr, '');
  const spec = objects.find(({ kind }) => kind === 'Deployment')?.['spec'] as Json;
  const { template } = spec as { readonly template: { readonly spec: PodSpec } };
  return { spec, pod: template.spec };
}

t.test(
  'serve with PostgreSQL: several replicas, apart from each other, replaced one by one, and no disk',
  { skip },
  (t) => {
    const secret = 'store.secret={"name":"database","key":"url"}';
    const { spec, pod } = served(secret, 'replicas=2');
    t.match(spec, { replicas: 2, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } });
    t.match(pod, { topologySpreadConstraints: [{ topologyKey: 'kubernetes.io/hostname' }] });
    t.equal(pod.volumes, undefined);
    const [{ args, env }] = pod.containers;
    t.equal(args[args.indexOf('--store') + 1], '$(STORE_URL)', 'Kubernetes puts it in, so that no one reads it here');
    const reference = { name: 'STORE_URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } };
    t.same((env as readonly unknown[]).at(-1), reference);
    const { objects } = render('serve.enabled=true', `serve.${secret}`);
    t.notOk(objects.some(({ kind }) => kind === 'PersistentVolumeClaim'));
    t.end();
  },
);

const OPTIONS_OF_SERVE: readonly (readonly [values: readonly string[], args: readonly string[]])[] = [
  [['anonymous="read"'], ['--anonymous', 'read']],
  [['routeMetrics=true'], ['--route-metrics']],
  [
    ['webhook={"urls":["https://a.example/x","https://b.example"],"secret":{"name":"hook","key":"secret"}}'],
    [
      ...['--webhook', 'https://a.example/x', '--webhook', 'https://b.example'],
      ...['--webhook-secret', '/var/run/meshproof/webhook/secret'],
    ],
  ],
  [['args=["--settle","20s","-v"]'], ['--settle', '20s', '-v']],
];

for (const [values, args] of OPTIONS_OF_SERVE) {
  t.test(`serve is told: ${args.join(' ')}`, { skip }, (t) => {
    const { pod } = served(...values);
    t.same(pod.containers[0].args, [...served().pod.containers[0].args, ...args]);
    t.end();
  });
}

t.test('the interval and the place of a SQLite file are what the values say', { skip }, (t) => {
  const { args } = served('interval="1m"', 'store={"url":"sqlite:/var/lib/meshproof/a.db"}').pod.containers[0];
  t.same(args.slice(3), ['--interval', '1m', '--store', 'sqlite:/var/lib/meshproof/a.db']);
  t.end();
});

for (const [value, volume] of [
  ['persistence={"enabled":false}', { name: 'store', emptyDir: {} }],
  ['persistence={"existingClaim":"mine"}', { name: 'store', persistentVolumeClaim: { claimName: 'mine' } }],
] as const) {
  t.test(`no disk is claimed with ${value}`, { skip }, (t) => {
    t.same(served(value).pod.volumes, [volume]);
    const { objects } = render('serve.enabled=true', `serve.${value}`);
    t.notOk(objects.some(({ kind }) => kind === 'PersistentVolumeClaim'));
    t.end();
  });
}

t.test('the secret of webhooks is a file', { skip }, (t) => {
  const { pod } = served('webhook.secret={"name":"hook","key":"secret"}');
  t.same(pod.volumes?.at(-1), { name: 'webhook', secret: { secretName: 'hook' } });
  const mount = { name: 'webhook', mountPath: '/var/run/meshproof/webhook', readOnly: true };
  t.same((pod.containers[0]['volumeMounts'] as readonly unknown[]).at(-1), mount);
  t.end();
});

const EXTRAS = ['podDisruptionBudget', 'networkPolicy', 'serviceMonitor', 'prometheusRule', 'dashboard'];

t.test('what watches over serve is there where it is asked for', { skip }, (t) => {
  const wanted = EXTRAS.map((name) => `serve.${name}.enabled=true`);
  const { objects, stderr } = render('serve.enabled=true', ...wanted, 'serve.prometheusRule.labels={"release":"p"}');
  t.equal(stderr, '');
  const plain = new Set(byName(render('serve.enabled=true').objects).keys());
  const extra = new Map([...byName(objects)].filter(([name]) => !plain.has(name)));
  t.same([...extra.keys()].sort(), [
    'ConfigMap meshproof/meshproof-dashboard',
    'NetworkPolicy meshproof/meshproof',
    'PodDisruptionBudget meshproof/meshproof',
    'PrometheusRule meshproof/meshproof',
    'ServiceMonitor meshproof/meshproof',
  ]);
  const selected = { 'app.kubernetes.io/name': 'meshproof', 'app.kubernetes.io/component': 'serve' };
  t.same(extra.get('PodDisruptionBudget meshproof/meshproof'), {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf('meshproof'),
    spec: { maxUnavailable: 1, selector: { matchLabels: selected } },
  });
  t.match(extra.get('NetworkPolicy meshproof/meshproof'), {
    spec: {
      podSelector: { matchLabels: selected },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [{ port: 7443 }], from: [{ podSelector: { matchLabels: { 'meshproof.io/role': 'probe' } } }] },
        { ports: [{ port: 9440 }] },
      ],
    },
  });
  t.match(extra.get('ServiceMonitor meshproof/meshproof'), {
    spec: { selector: { matchLabels: selected }, endpoints: [{ port: 'http', path: '/metrics', interval: '15s' }] },
  });
  t.match(extra.get('PrometheusRule meshproof/meshproof'), { metadata: { labels: { release: 'p' } } });
  t.match(extra.get('ConfigMap meshproof/meshproof-dashboard'), { metadata: { labels: { grafana_dashboard: '1' } } });
  t.end();
});

function metadataOf(name: string): Json {
  const labels = {
    'app.kubernetes.io/name': 'meshproof',
    'app.kubernetes.io/part-of': 'meshproof',
    'app.kubernetes.io/managed-by': 'meshproof',
    'app.kubernetes.io/component': 'serve',
  };
  return { name, namespace: 'meshproof', labels };
}

t.test('alerts and dashboard of the chart are those of deploy/', { skip }, (t) => {
  const { objects } = render(
    ...['enabled', 'prometheusRule.enabled', 'dashboard.enabled'].map((on) => `serve.${on}=true`),
  );
  const read = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
  const find = (kind: string): Json => objects.find((one) => one.kind === kind) ?? {};
  t.same(find('PrometheusRule')['spec'], parse(read('alerts/meshproof.rules.yaml')));
  const { data } = find('ConfigMap') as { readonly data: Readonly<Record<string, string>> };
  t.same(JSON.parse(data['meshproof.json'] ?? ''), JSON.parse(read('grafana/meshproof.json')));
  t.end();
});

t.test('helm lint has nothing to say', { skip }, (t) => {
  const binary = 'binary' in helm ? helm.binary : '';
  const everything = ['serve.enabled', ...EXTRAS.map((name) => `serve.${name}.enabled`)].map((on) => `${on}=true`);
  const { stdout, status } = spawnSync(binary, ['lint', '--strict', CHART, '--set', everything.join()], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout);
  t.end();
});

for (const [value, says] of [
  ['serve.replicas=2', /store/],
  ['serve={"replicas":2,"store":{"url":"sqlite:/var/lib/meshproof/a.db"}}', /store/],
  ['serve.store.url="sqlite:/tmp/a.db"', /url/],
  ['serve.store.secret={"name":"database"}', /key/],
  ['serve.anonymous="write"', /anonymous/],
  ['serve.webhook.urls=["example.com"]', /urls/],
  ['serve.persistence.size="2"', /size/],
  ['serve.interval="10"', /interval/],
  ['serve.enable=true', /enable/],
  ['namespaced=true', /namespaces/],
  ['schedule="now"', /schedule/],
  ['image.pullPolicy="Sometimes"', /pullPolicy/],
  ['imagee={"tag":"1"}', /imagee/],
] as const) {
  t.test(`values that make no sense are refused: ${value}`, { skip }, (t) => {
    t.match(render(value).stderr, says);
    t.end();
  });
}

t.test('users are bound, where they are named', { skip }, (t) => {
  const group = { kind: 'Group', name: 'platform', apiGroup: 'rbac.authorization.k8s.io' };
  const { objects } = render(`users=${JSON.stringify([group])}`);
  const binding = objects.find(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === 'meshproof-user');
  t.match(binding, { roleRef: { kind: 'Role', name: 'meshproof-user' }, subjects: [group] });
  t.end();
});
