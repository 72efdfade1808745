import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import t from 'tap';
import { manifests, manifestsYaml } from '../../../../controller/install/manifests.ts';
import type { InstallOptions } from '../../../../controller/install/manifests.ts';
import { VERSION } from '../../../../proto/version.ts';

type Json = Readonly<Record<string, unknown>>;

interface Read {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Json };
  readonly rules?: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
  readonly [field: string]: unknown;
}

const OPTIONS: InstallOptions = {
  image: 'registry.example/meshproof:1',
  ownNamespace: 'meshproof',
  rootNamespace: 'istio-system',
  measured: 'all',
  namespaces: 'all',
};

/** As `kubectl apply` reads them. */
function read(options: Partial<InstallOptions> = {}): readonly Read[] {
  return parseAllDocuments(manifestsYaml(manifests({ ...OPTIONS, ...options }))).map((document) => {
    t.same(document.errors, []);
    return document.toJS() as Read;
  });
}

function named(all: readonly Read[]): readonly string[] {
  return all.map(({ kind, metadata: { name, namespace } }) => [kind, namespace, name].filter(Boolean).join(' '));
}

/** `group/resource: verbs` of all roles. */
function granted(all: readonly Read[]): readonly string[] {
  const rules = all.flatMap((one) => one.rules ?? []);
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.map((resource) => `${apiGroups.join()}/${resource}: ${verbs.join(' ')}`),
  );
}

t.test('cluster-wide: one ClusterRole, the mesh configuration by a Role where it is, and a role for users', (t) => {
  t.same(named(read()), [
    'Namespace meshproof',
    'ServiceAccount meshproof meshproof-controller',
    'ServiceAccount meshproof meshproof-prober',
    'ClusterRole meshproof-controller',
    'ClusterRoleBinding meshproof-controller',
    'Role istio-system meshproof-controller',
    'RoleBinding istio-system meshproof-controller',
    'Role meshproof meshproof-user',
    'CronJob meshproof meshproof-matrix',
  ]);
  t.end();
});

t.test('namespaced: no right on the cluster, Roles in each namespace, and reading alone in the root namespace', (t) => {
  const all = read({ namespaces: ['shop', 'bank'], measured: ['shop', 'bank'] });
  t.same(
    named(all).filter((name) => name.includes('Role ')),
    [
      'Role meshproof meshproof-controller',
      'Role shop meshproof-controller',
      'Role bank meshproof-controller',
      'Role istio-system meshproof-controller',
      'Role meshproof meshproof-user',
    ],
  );
  const root = all.filter(({ kind, metadata }) => kind === 'Role' && metadata.namespace === 'istio-system');
  t.ok(granted(root).length > 20);
  t.same(
    granted(root).filter((rule) => /create|delete/.test(rule)),
    [],
  );
  t.ok(granted(root).includes('/configmaps: list watch'));
  t.notOk(granted(all).some((rule) => rule.includes('tokenreviews') || rule.includes('nodes')));
  t.end();
});

t.test('namespaced, and the root namespace is measured as well: one Role there, with the rights of both', (t) => {
  const namespaces = ['shop', 'istio-system'];
  const all = read({ namespaces, measured: namespaces });
  const names = named(all);
  t.same(names, [...new Set(names)], 'nothing is printed twice: the latter would take the place of the former');
  const verbsIn = (objects: typeof all, namespace: string): ReadonlySet<string> => {
    const rules = granted(objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.namespace === namespace));
    return new Set(
      rules.flatMap((rule) => {
        const [resource = '', verbs = ''] = rule.split(': ');
        return verbs.split(' ').map((verb) => `${verb} ${resource}`);
      }),
    );
  };
  const apart = read({ namespaces: ['shop'], measured: ['shop'], rootNamespace: 'mesh' });
  const [shop, root] = [verbsIn(apart, 'shop'), verbsIn(apart, 'mesh')];
  const both = new Set([...shop, ...root]);
  t.ok(both.size > shop.size && both.size > root.size, 'either has something of its own');
  t.same(verbsIn(all, 'istio-system'), both);
  t.end();
});

t.test('baselines that Jobs keep: a Role for it in our own namespace, bound to the account of sweeps', (t) => {
  const before = named(read());
  const added = read({ baselines: true }).filter((one) => !before.includes(named([one])[0] ?? ''));
  t.same(named(added), ['Role meshproof meshproof-baselines', 'RoleBinding meshproof meshproof-baselines']);
  t.same(granted(added), ['/configmaps: get list create update']);
  t.match(added[1], { subjects: [{ kind: 'ServiceAccount', name: 'meshproof-controller', namespace: 'meshproof' }] });
  t.end();
});

for (const [how, options] of [
  ['cluster-wide', {}],
  ['namespaced', { namespaces: ['shop'], measured: ['shop'] }],
] as const) {
  t.test(`${how}, nothing is written but Jobs, reviews of tokens and users’ baselines, and no secret is read`, (t) => {
    const rules = granted(read(options));
    const writing = rules.filter((rule) => /create|update|patch|delete|\*/.test(rule));
    const known = [
      'batch/jobs: list watch create delete',
      'batch/jobs: create get delete',
      '/configmaps: get list create update delete',
    ];
    t.same(
      writing.filter((rule) => !known.includes(rule)),
      how === 'namespaced' ? [] : ['authentication.k8s.io/tokenreviews: create'],
    );
    t.same(
      rules.filter((rule) => /secrets|exec|impersonate|bind|escalate|\*/.test(rule)),
      [],
    );
    t.same(
      rules.filter((rule) => rule.includes('pods/log')),
      ['/pods/log: get'],
      'the log is read by users alone',
    );
    t.end();
  });
}

t.test('everything carries our labels, and the namespace keeps sidecars out and Pod Security restricted', (t) => {
  const all = read();
  for (const { metadata } of all) t.match(metadata.labels, { 'app.kubernetes.io/part-of': 'meshproof' });
  t.match(all[0], {
    metadata: { labels: { 'istio-injection': 'disabled', 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  t.end();
});

// kubernetes.io/docs/concepts/security/pod-security-standards, profile "restricted"
t.test('the pod of a sweep satisfies Pod Security restricted, field by field', (t) => {
  const { jobTemplate } = read().at(-1)?.['spec'] as { readonly jobTemplate: { readonly spec: Json } };
  const { template } = jobTemplate.spec as { readonly template: { readonly spec: Json } };
  t.notHas(template.spec, { hostNetwork: true });
  t.notHas(template.spec, { volumes: [] });
  t.match(template.spec, {
    restartPolicy: 'Never',
    serviceAccountName: 'meshproof-controller',
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  });
  const containers = template.spec['containers'] as readonly Json[];
  t.equal(containers.length, 1);
  t.match(containers[0], {
    image: 'registry.example/meshproof:1',
    command: ['node', '/app/bin/meshproof.js'],
    args: ['matrix', '--in-cluster', '-A'],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    resources: { requests: { cpu: String, memory: String }, limits: { memory: String } },
  });
  t.end();
});

t.test('with the controller that stays: its Role, Service, disk and Deployment, and a role for who looks', (t) => {
  const without = named(read());
  t.same(
    named(read({ serve: { events: false, reports: false } })).filter((name) => !without.includes(name)),
    [
      'Role meshproof meshproof-serve',
      'RoleBinding meshproof meshproof-serve',
      'Role meshproof meshproof-viewer',
      'Lease meshproof meshproof',
      'PersistentVolumeClaim meshproof meshproof',
      'Service meshproof meshproof',
      'Deployment meshproof meshproof',
    ],
  );
  t.end();
});

t.test(
  'the controller that stays writes a Lease and its own label, reads baselines, and may do more where it is asked to',
  (t) => {
    const more = (serve: InstallOptions['serve'], where: Partial<InstallOptions> = {}): readonly string[] => {
      const before = granted(read(where));
      return granted(read({ ...(serve && { serve }), ...where })).filter((rule) => !before.includes(rule));
    };
    const always = ['coordination.k8s.io/leases: get create update', '/pods: patch', '/configmaps: get list'];
    const viewer = ['meshproof.io/matrix: get', 'meshproof.io/sweeps: get'];
    const asking = 'authorization.k8s.io/subjectaccessreviews: create';
    t.same(more({ events: false, reports: false }), [asking, ...always, ...viewer]);
    t.same(more({ events: true, reports: true }), [
      asking,
      'events.k8s.io/events: create patch',
      'openreports.io/reports: list create patch delete',
      'openreports.io/clusterreports: list create patch delete',
      ...always,
      ...viewer,
    ]);
    t.same(
      more({ events: true, reports: true }, { namespaces: ['shop'], measured: ['shop'] }),
      [
        ...Array.from({ length: 2 }, () => [
          'events.k8s.io/events: create patch',
          'openreports.io/reports: list create patch delete',
        ]).flat(),
        ...always,
        ...viewer,
      ],
      'in our own namespace and in the measured one, and nothing on the cluster',
    );
    t.end();
  },
);

// kubernetes.io/docs/concepts/security/pod-security-standards, profile "restricted"
t.test('the pod of the controller that stays is as restricted, and writes to its disk alone', (t) => {
  const { template } = read({ serve: { events: true, reports: false } }).at(-1)?.['spec'] as {
    readonly template: { readonly spec: Json };
  };
  t.notHas(template.spec, { hostNetwork: true });
  t.match(template.spec, {
    serviceAccountName: 'meshproof-controller',
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsNonRoot: true, fsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'store', persistentVolumeClaim: { claimName: 'meshproof' } }],
  });
  t.match(template.spec['containers'], [
    {
      args: [
        'serve',
        '--in-cluster',
        '-A',
        '--interval',
        '10s',
        '--store',
        /^sqlite:\/var\/lib\/meshproof\//,
        '--events',
      ],
      env: [...Array.from({ length: 4 }, () => ({})), { name: 'SQLITE_TMPDIR', value: '/var/lib/meshproof' }],
      readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      volumeMounts: [{ mountPath: '/var/lib/meshproof' }],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    },
  ]);
  t.end();
});

t.test('the Service selects the pod that leads, of the controllers that stay', (t) => {
  const all = read({ serve: { events: false, reports: false } });
  const selector = all.find(({ kind }) => kind === 'Service')?.['spec'] as { readonly selector: Json };
  const { template } = all.at(-1)?.['spec'] as { readonly template: { readonly metadata: { readonly labels: Json } } };
  t.same(selector.selector, {
    'app.kubernetes.io/name': 'meshproof',
    'app.kubernetes.io/component': 'serve',
    'meshproof.io/leader': 'true',
  });
  t.match(template.metadata.labels, {
    'app.kubernetes.io/component': 'serve',
    'meshproof.io/role': 'controller',
    'sidecar.istio.io/inject': 'false',
  });
  t.notHas(template.metadata.labels, { 'meshproof.io/leader': 'true' });
  const sweeps = JSON.stringify(all.find(({ kind }) => kind === 'CronJob'));
  t.notMatch(sweeps, 'app.kubernetes.io/component', 'the pods of sweeps are not meant');
  t.end();
});

t.test('suspended unless there is a schedule', (t) => {
  t.match(read().at(-1), { spec: { suspend: true } });
  const scheduled = read({ schedule: '0 * * * *', measured: ['shop'] }).at(-1);
  t.match(scheduled, {
    spec: {
      suspend: false,
      schedule: '0 * * * *',
      concurrencyPolicy: 'Forbid',
      jobTemplate: { spec: { backoffLimit: 0 } },
    },
  });
  t.match(JSON.stringify(scheduled), '"args":["matrix","--in-cluster","-n","shop",');
  t.end();
});

t.test('each object and each rule says what it is for', (t) => {
  const text = manifestsYaml(manifests(OPTIONS));
  t.equal([...text.matchAll(/^---\n# [A-Z].*\.\n/gm)].length, 9);
  const rules = [...text.matchAll(/^( *)- \{ apiGroups:/gm)].length;
  t.ok(rules > 20);
  t.equal([...text.matchAll(/^ *# [A-Z].*[.]\n *- \{ apiGroups:/gm)].length, rules);
  t.end();
});

t.test('the example in deploy/examples is what a schedule gives', (t) => {
  const text = readFileSync(new URL('../../../../deploy/examples/cronjob.yaml', import.meta.url), 'utf8');
  const image = `ghcr.io/meshproof/meshproof:${VERSION}`;
  t.same(parse(text), read({ image, schedule: '*/15 * * * *' }).at(-1));
  t.end();
});
