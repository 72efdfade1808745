/** The chart, rendered by Helm itself: the same objects as `meshproof install` prints. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
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
          containers: [{ args: ['doctor', '--in-cluster', '-A'], securityContext: { readOnlyRootFilesystem: true } }],
        },
      },
    },
  });
  t.end();
});

for (const [value, says] of [
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
