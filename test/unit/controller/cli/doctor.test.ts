import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { cronJob } from '../../../../controller/install/cron-job.ts';
import { cli } from '../../../support/cli.ts';
import type { CliAnswer } from '../../../support/cli.ts';
import { cannedApi } from '../../../support/job-api/canned-api.ts';
import type { Answers } from '../../../support/job-api/canned-api.ts';

function istiod(readyReplicas: number): unknown {
  const image = 'registry.example:5000/istio/pilot:1.28.3-distroless';
  return {
    metadata: { namespace: 'istio-system', name: 'istiod', labels: { 'app.kubernetes.io/version': '1.0.0' } },
    spec: { template: { spec: { containers: [{ name: 'discovery', image }] } } },
    status: { readyReplicas },
  };
}

const WELL: Answers = {
  'GET /version': { gitVersion: 'v1.34.4' },
  'GET /apis': { groups: [{ name: 'apps' }, { name: 'batch' }, { name: 'security.istio.io' }] },
  'GET /apis/batch/v1/namespaces/meshproof/cronjobs/meshproof-matrix': cronJob({
    image: 'meshproof:7',
    ownNamespace: 'meshproof',
    measured: 'all',
  }),
  'GET /apis/apps/v1/deployments': { items: [istiod(1)] },
  'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': {
    items: [{ metadata: { name: 'istio-sidecar-injector' } }],
  },
  'GET /api/v1/namespaces/meshproof/configmaps/istio-ca-root-cert': {},
  'GET /api/v1/namespaces/shop/configmaps/istio-ca-root-cert': {},
  'GET /api/v1/namespaces/shop': { metadata: { labels: { 'istio-injection': 'enabled' } } },
};

async function doctor(
  t: Test,
  answers: Answers,
  args: readonly string[],
  may: (right: string, user: string | undefined) => boolean = () => true,
): Promise<CliAnswer> {
  await using api = await cannedApi(answers, may);
  const folder = t.testdir({ kubeconfig: api.kubeconfig });
  return await cli(['doctor', ...args], { env: { KUBECONFIG: join(folder, 'kubeconfig'), COLUMNS: '200' } });
}

t.test('where all is well, each check says what it saw: 0', async (t) => {
  const { status, stdout } = await doctor(t, WELL, ['-n', 'shop']);
  t.equal(status, 0);
  t.match(stdout, /^✓ {2}API server +Kubernetes v1\.34\.4 at http:/);
  t.match(stdout, /\n✓ {2}installation +namespace meshproof, image meshproof:7, on demand\n/);
  t.match(stdout, /\n✓ {2}your rights +all 12 that are needed\n/);
  t.match(stdout, /\n✓ {2}the controller's rights +all \d+ that are needed\n/);
  t.match(stdout, /\n✓ {2}Istio +1\.28\.3-distroless, istio-system\/istiod, 1 ready\n/);
  t.match(stdout, /\n✓ {2}namespace shop +Pod Security privileged, injection on\n/);
  t.match(stdout, /\n\nSweeps can run here\.\n$/);
});

const TROUBLES: readonly (readonly [what: string, answers: Answers, status: number, line: RegExp, fix: RegExp])[] = [
  [
    'nothing is installed',
    { 'GET /apis/batch/v1/namespaces/meshproof/cronjobs/meshproof-matrix': undefined },
    69,
    /✗ {2}installation +no CronJob meshproof-matrix in namespace meshproof/,
    /meshproof install \| kubectl apply -f -/,
  ],
  [
    'there is no Istio',
    { 'GET /apis/apps/v1/deployments': { items: [] } },
    69,
    /✗ {2}Istio +no istiod/,
    /Install Istio/,
  ],
  [
    'istiod is down',
    { 'GET /apis/apps/v1/deployments': { items: [istiod(0)] } },
    69,
    /✗ {2}Istio +.*no replica is ready/,
    /kubectl -n istio-system describe deployment istiod/,
  ],
  ['a namespace is mistyped', { 'GET /api/v1/namespaces/shop': undefined }, 64, /✗ {2}namespace shop/, /Name one that/],
  [
    'Pod Security forbids what injection adds',
    {
      'GET /api/v1/namespaces/shop': {
        metadata: { labels: { 'istio-injection': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' } },
      },
    },
    0,
    /! {2}namespace shop +Pod Security restricted, injection on: it forbids the istio-init container/,
    /Istio CNI/,
  ],
  [
    'nothing is injected',
    { 'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': { items: [] } },
    0,
    /! {2}sidecar injector +no webhook of Istio/,
    /reinstall istiod/,
  ],
  [
    'istiod does not serve a namespace',
    { 'GET /api/v1/namespaces/shop/configmaps/istio-ca-root-cert': undefined },
    0,
    /! {2}mesh root in shop +no ConfigMap istio-ca-root-cert/,
    /discoverySelectors/,
  ],
];

for (const [what, answers, status, line, fix] of TROUBLES) {
  t.test(`${what}: ${String(status)}, with what to do`, async (t) => {
    const answer = await doctor(t, { ...WELL, ...answers }, ['-n', 'shop']);
    t.equal(answer.status, status);
    t.match(answer.stdout, line);
    t.match(answer.stdout, fix);
  });
}

t.test('rights that users lack: 77, with the lines to add', async (t) => {
  const may = (right: string, user: string | undefined): boolean =>
    user !== undefined || !['create jobs meshproof', 'get pods/log meshproof'].includes(right);
  const { status, stdout } = await doctor(t, WELL, [], may);
  t.equal(status, 77);
  t.match(stdout, /✗ {2}your rights +missing in namespace meshproof: create jobs; get pods\/log\n/);
  t.match(stdout, '- { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }\n');
  t.match(stdout, '- { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }\n');
});

t.test(
  "the controller's rights are its account's, asked for each namespace; what it can do without is no failure",
  async (t) => {
    const account = 'system:serviceaccount:meshproof:meshproof-controller';
    const may = (right: string, user: string | undefined): boolean =>
      user !== account || (right !== 'delete jobs shop' && !right.includes('nodes') && !right.includes('tokenreviews'));
    const { status, stdout } = await doctor(t, WELL, ['-n', 'shop'], may);
    t.equal(status, 77);
    t.match(stdout, /✗ {2}the controller's rights +missing in namespace shop: delete jobs\n/);
    t.match(stdout, /! {2}the controller's rights +missing cluster-wide: list, watch nodes\. /);
  },
);

t.test('a mesh of another root namespace: its rights and its control plane are looked for there', async (t) => {
  const installed = (right: string): boolean => !right.endsWith(' istio-system');
  const answers = {
    ...WELL,
    'GET /apis/apps/v1/deployments': 403,
    'GET /apis/apps/v1/namespaces/mesh/deployments': { items: [istiod(1)] },
  };
  const found = await doctor(t, answers, ['-A', '--root-namespace', 'mesh'], installed);
  t.equal(found.status, 0);
  t.match(found.stdout, /✓ {2}Istio +1\.28\.3-distroless/);
  t.match(found.stdout, /✓ {2}the controller's rights/);
  const elsewhere = await doctor(t, answers, ['-A'], installed);
  t.equal(elsewhere.status, 77);
  t.match(elsewhere.stdout, 'missing in namespace istio-system: list, watch configmaps');
});

t.test('the installation that is missing is one for that root namespace', async (t) => {
  const answers = { ...WELL, 'GET /apis/batch/v1/namespaces/meshproof/cronjobs/meshproof-matrix': undefined };
  const { stdout } = await doctor(t, answers, ['--root-namespace', 'mesh']);
  t.match(stdout, 'meshproof install --root-namespace mesh | kubectl apply -f -');
});

t.test('kinds that the cluster does not serve need no rights', async (t) => {
  const unserved = (right: string): boolean => !/networkpolicies|wasmplugins|httproutes|tokenreviews/.test(right);
  const { status } = await doctor(t, WELL, ['-A'], unserved);
  t.equal(status, 0);
});

t.test('who may see little is told so; what was not seen is not failed', async (t) => {
  const answers = {
    ...WELL,
    'GET /apis/apps/v1/deployments': 403,
    'GET /apis/apps/v1/namespaces/istio-system/deployments': 403,
    'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': 403,
    'GET /api/v1/namespaces/shop': 403,
  };
  const { status, stdout } = await doctor(t, answers, ['-n', 'shop']);
  t.equal(status, 0);
  t.match(stdout, /! {2}Istio +not looked at: user ann may not list deployments/);
  t.match(stdout, 'Sweeps can run here, as far as could be seen (3 not sure).\n');
});

t.test('as JSON, for machines', async (t) => {
  const { status, stdout } = await doctor(t, WELL, ['-o', 'json']);
  t.equal(status, 0);
  t.match(JSON.parse(stdout), {
    apiVersion: 'meshproof.io/v1alpha1',
    kind: 'Checkup',
    checks: [{ check: 'API server', state: 'ok', says: /v1\.34\.4/ }],
  });
});

t.test('an API server that is not there: 69', async (t) => {
  const folder = t.testdir({
    kubeconfig: JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1', 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  });
  const stop = new AbortController();
  t.teardown(() => {
    stop.abort();
  });
  const { status, stderr } = await cli(['doctor'], {
    env: { KUBECONFIG: join(folder, 'kubeconfig') },
    signal: stop.signal,
  });
  t.equal(status, 69);
  t.match(stderr, /ECONNREFUSED.*MPE_CLUSTER_UNREACHABLE/);
});
