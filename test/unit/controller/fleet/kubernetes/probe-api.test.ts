import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { probeApi } from '../../../../../controller/fleet/kubernetes/probe-api.ts';
import type { ProbeApi } from '../../../../../controller/fleet/kubernetes/probe-api.ts';
import { KubernetesApi } from '../../../../../controller/api-server/kubernetes-api.ts';
import { connectCluster } from '../../../../../controller/api-server/connect.ts';
import { systemClock } from '../../../../../proto/system-clock.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Scene {
  readonly api: ProbeApi;
  /** `METHOD /path?query` with what was sent, in order. */
  readonly asked: readonly (readonly [request: string, body: unknown])[];
  readonly signal: AbortSignal;
}

/** Gives the answers in turn. */
async function scene(t: Test, ...answers: readonly Answer[]): Promise<Scene> {
  const asked: (readonly [string, unknown])[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      asked.push([
        `${request.method ?? ''} ${decodeURIComponent(request.url ?? '')}`,
        sent === '' ? undefined : (JSON.parse(sent) as unknown),
      ]);
      const { status, body } = left.shift() ?? { status: 500, body: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const kubeconfig = join(t.testdir(), 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(`http://127.0.0.1:${String(port)}`)));
  const cluster = await connectCluster({ kubeconfig }, {});
  const api = probeApi(new KubernetesApi(cluster, systemClock, { patienceMs: 0 }));
  return { api, asked, signal: new AbortController().signal };
}

function kubeconfigFor(server: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
}

const JOB = { metadata: { name: 'job', namespace: 'shop', labels: { 'meshproof.io/sweep': 'k7w2' } }, spec: {} };
const JOBS = '/apis/batch/v1/namespaces/shop/jobs';

t.test('each question goes where the API server has it', async (t) => {
  const cases: readonly (readonly [
    answer: Answer,
    ask: (scene: Scene) => Promise<unknown>,
    asked: string,
    given: unknown,
  ])[] = [
    [
      { status: 201, body: { metadata: { uid: 'job-uid' } } },
      ({ api, signal }) => api.createJob(JOB, signal),
      `POST ${JOBS}`,
      { kind: 'created', uid: 'job-uid' },
    ],
    [
      { status: 200, body: { kind: 'Status' } },
      ({ api, signal }) => api.deleteJob('shop', 'job', signal),
      `DELETE ${JOBS}/job?propagationPolicy=Background`,
      undefined,
    ],
    [
      { status: 404, body: { message: 'not found' } },
      ({ api, signal }) => api.deleteJob('shop', 'job', signal),
      `DELETE ${JOBS}/job?propagationPolicy=Background`,
      undefined,
    ],
    [
      { status: 200, body: { items: [{ metadata: { name: 'web-1' } }] } },
      ({ api, signal }) => api.pod('shop', 'web-1', signal),
      'GET /api/v1/namespaces/shop/pods?fieldSelector=metadata.name=web-1',
      { metadata: { name: 'web-1' } },
    ],
    [
      { status: 200, body: { items: [] } },
      ({ api, signal }) => api.pod('shop', 'web-2', signal),
      'GET /api/v1/namespaces/shop/pods?fieldSelector=metadata.name=web-2',
      undefined,
    ],
    [
      { status: 200, body: { items: [JOB] } },
      ({ api, signal }) => api.jobsOfSweep('shop', 'serve', signal),
      `GET ${JOBS}?labelSelector=meshproof.io/sweep=serve,meshproof.io/role=probe`,
      [JOB],
    ],
    [
      { status: 200, body: { items: [] } },
      ({ api, signal }) => api.jobsOfSweep(undefined, 'serve', signal),
      'GET /apis/batch/v1/jobs?labelSelector=meshproof.io/sweep=serve,meshproof.io/role=probe',
      [],
    ],
    [
      { status: 200, body: { items: [{ metadata: { name: 'web-1' } }] } },
      ({ api, signal }) => api.podsOfSweep('shop', 'k7w2', signal),
      'GET /api/v1/namespaces/shop/pods?labelSelector=meshproof.io/sweep=k7w2',
      [{ metadata: { name: 'web-1' } }],
    ],
    [
      { status: 200, body: { items: [{ reason: 'FailedCreate' }] } },
      ({ api, signal }) => api.warnings('shop', 'Job', 'job', signal),
      'GET /api/v1/namespaces/shop/events?fieldSelector=type=Warning,involvedObject.kind=Job,involvedObject.name=job',
      [{ reason: 'FailedCreate' }],
    ],
    [
      { status: 201, body: { status: { authenticated: true } } },
      ({ api, signal }) => api.reviewToken('secret', 'meshproof', signal),
      'POST /apis/authentication.k8s.io/v1/tokenreviews',
      { authenticated: true },
    ],
    [
      { status: 200, body: { keys: [] } },
      ({ api, signal }) => api.tokenKeys(signal),
      'GET /openid/v1/jwks',
      { keys: [] },
    ],
    [
      { status: 201, body: { status: { allowed: true } } },
      ({ api, signal }) => api.may({ verb: 'delete', apiGroup: 'batch', resource: 'jobs', namespace: 'shop' }, signal),
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      true,
    ],
  ];
  for (const [answer, ask, asked, given] of cases) {
    await t.test(asked, async (t) => {
      const one = await scene(t, answer);
      t.strictSame(await ask(one), given);
      t.strictSame(
        one.asked.map(([request]) => request),
        [asked],
      );
    });
  }
});

t.test('what is asked of reviews', async (t) => {
  const { api, asked, signal } = await scene(t, { status: 201, body: {} }, { status: 201, body: {} });
  await api.reviewToken('secret', 'meshproof', signal);
  t.equal(await api.may({ verb: 'list', apiGroup: '', resource: 'events' }, signal), false, 'no answer is no right');
  t.match(
    asked.map(([, body]) => body),
    [
      { kind: 'TokenReview', spec: { token: 'secret', audiences: ['meshproof'] } },
      { spec: { resourceAttributes: { verb: 'list', group: '', resource: 'events', namespace: '' } } },
    ],
  );
});

t.test('a creation that was repeated finds its own Job, and nobody else’s', async (t) => {
  const conflict = { status: 409, body: { message: 'jobs.batch "job" already exists' } };
  const own = { status: 200, body: { items: [{ ...JOB, metadata: { ...JOB.metadata, uid: 'job-uid' } }] } };
  const other = { status: 200, body: { items: [{ metadata: { labels: { 'meshproof.io/sweep': 'other' } } }] } };
  const first = await scene(t, conflict, own);
  t.strictSame(await first.api.createJob(JOB, first.signal), { kind: 'created', uid: 'job-uid' });
  await t.test('somebody else’s', async (t) => {
    const second = await scene(t, conflict, other);
    t.strictSame(await second.api.createJob(JOB, second.signal), {
      kind: 'rejected',
      why: 'jobs.batch "job" already exists',
    });
  });
});

t.test('a refusal by RBAC is the operator’s, one by a quota is the vantage’s', async (t) => {
  const message = 'jobs.batch is forbidden: User "u" cannot create resource "jobs" in API group "batch"';
  const first = await scene(t, { status: 403, body: { message } });
  await t.rejects(first.api.createJob(JOB, first.signal), { code: 'MPE_NOT_PERMITTED' });
  for (const why of [
    'jobs.batch "job" is forbidden: exceeded quota: q',
    'jobs.batch "job" is forbidden: unable to create new content in namespace shop because it is being terminated',
    'admission webhook "policy.example" denied the request: no Jobs here',
  ]) {
    await t.test(why, async (t) => {
      const second = await scene(t, { status: 403, body: { message: why } });
      t.strictSame(await second.api.createJob(JOB, second.signal), { kind: 'rejected', why });
    });
  }
});
