/** `meshproof matrix` of a cluster from a laptop: a Job in, a sweep out, and nothing left behind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { FrameWriter } from '../../controller/cli/frames.ts';
import { publishJson } from '../../controller/publish/json.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { cli } from '../support/cli.ts';
import type { CliAnswer } from '../support/cli.ts';
import { CliProcess } from '../support/cli-process.ts';
import { FakeJobApi } from '../support/job-api/fake-job-api.ts';
import { cell, sweep } from '../support/sweeps.ts';

const PASS = sweep([cell()]);
const FAIL = sweep([cell({ drift: 'exposed' })]);
const OPEN = sweep([cell({ drift: 'unknown' })], [], { value: 'inconclusive' });

interface Laptop {
  readonly api: FakeJobApi;
  readonly pod: FrameWriter;
  readonly folder: string;
  readonly meshproof: (...args: readonly string[]) => Promise<CliAnswer>;
  /** As a process of its own, for what signals do. */
  readonly started: (...args: readonly string[]) => CliProcess;
}

async function laptop(t: Test): Promise<Laptop> {
  const api = await FakeJobApi.start();
  t.teardown(() => api[Symbol.asyncDispose]());
  api.onCreated = () => {
    api.run();
  };
  const folder = t.testdir({ kubeconfig: api.kubeconfig() });
  const pod = new FrameWriter((line) => {
    api.log.append(line);
  });
  const env = { KUBECONFIG: join(folder, 'kubeconfig') };
  return {
    api,
    pod,
    folder,
    meshproof: (...args) => cli(args, { env }),
    started: (...args) => new CliProcess(args, { env }),
  };
}

for (const [what, measured, status] of [
  ['passes', PASS, 0],
  ['fails', FAIL, 79],
  ['comes to nothing', OPEN, 75],
] as const) {
  t.test(`a sweep that ${what} in the cluster ends with ${String(status)} here, and is published here`, async (t) => {
    const { api, pod, folder, meshproof } = await laptop(t);
    pod.hello('x');
    pod.progress({ kind: 'agents', up: 3, planned: 3 });
    pod.sweep(measured);
    const file = join(folder, 'sweep.json');
    const answer = await meshproof('matrix', '-n', 'shop', '-n', 'bank', '-o', 'json', '--output-file', file);
    t.equal(answer.status, status);
    t.equal(answer.stdout, '');
    t.match(answer.stderr, 'agents: 3 of 3 connected\n');
    t.equal(readFileSync(file, 'utf8'), publishJson(measured));
    t.equal(api.job, undefined, 'the Job is deleted');
  });
}

t.test('the Job is told what to measure, how to judge it, and when to end', async (t) => {
  const { api, pod, meshproof } = await laptop(t);
  pod.sweep(PASS);
  const judged = ['--fail-on', 'drift,critical', '--min-coverage', '1', '--timeout', '90s'];
  const { status, stdout, stderr } = await meshproof('matrix', '-A', ...judged, '-q', '--host-vantage');
  t.equal(status, 0);
  t.match(stdout, /^Reachability: .*\nPASS: .*\n$/s);
  t.equal(stderr, '');
  const created = api.asked.find(({ what }) => what === 'create jobs')?.body;
  t.match(created, {
    metadata: { name: /^meshproof-[b-z2-9]{8}$/, namespace: 'meshproof' },
    spec: { activeDeadlineSeconds: 270 },
  });
  const words = ['matrix', '--in-cluster', '--frames', '-A', '--timeout', '90000ms', '--min-coverage', '1'];
  t.match(
    JSON.stringify(created),
    JSON.stringify([...words, '--fail-on', 'drift,critical', '--host-vantage', '--quiet']),
  );
});

t.test('the Job is told of a vantage a node', async (t) => {
  const { api, pod, meshproof } = await laptop(t);
  pod.sweep(PASS);
  t.equal((await meshproof('matrix', '-A', '-q', '--host-vantage=node')).status, 0);
  t.match(JSON.stringify(api.asked.find(({ what }) => what === 'create jobs')?.body), '"--host-vantage=node"');
  t.match(await meshproof('matrix', '-A', '--host-vantage=pod'), { status: 64, stderr: /--host-vantage pod/ });
});

t.test("with no namespace named it is the context's, which is said", async (t) => {
  const { api, pod, meshproof } = await laptop(t);
  pod.sweep(PASS);
  const { status, stderr } = await meshproof('matrix');
  t.equal(status, 0);
  t.match(stderr, 'measuring namespace shop, of context fake (see -n and -A)\n');
  t.match(JSON.stringify(api.asked), '"matrix","--in-cluster","--frames","-n","shop"');
});

t.test('what ends the sweep in the cluster ends the command: same code, same words, same status', async (t) => {
  const { api, pod, meshproof } = await laptop(t);
  pod.error(new MeshproofError('MPE_TIMEOUT', 'no verdict within 600000 ms (--timeout)'));
  const { status, stdout, stderr } = await meshproof('matrix', '-A');
  t.equal(status, 75);
  t.match(stderr, 'meshproof: no verdict within 600000 ms (--timeout) (MPE_TIMEOUT)\n');
  t.equal(stdout, '');
  t.equal(api.job, undefined);
});

t.test('^C in the middle deletes the Job, says nothing, and ends with 130', async (t) => {
  const { api, pod, started } = await laptop(t);
  await using matrix = started('matrix', '-A');
  pod.progress({ kind: 'phase', name: 'measure' });
  await matrix.says('stderr', 'measuring');
  t.not(api.job, undefined);
  matrix.kill('SIGINT');
  t.same(await matrix.ended, { status: 130, signal: null });
  t.equal(matrix.stdout, '');
  t.equal(api.job, undefined);
});

t.test('killed outright, it leaves a Job that ends and goes by itself', async (t) => {
  const { api, started } = await laptop(t);
  await using matrix = started('matrix', '-A');
  await api.log.untilRead();
  matrix.kill('SIGKILL');
  t.same(await matrix.ended, { status: null, signal: 'SIGKILL' });
  t.match(api.job, { spec: { activeDeadlineSeconds: 780, ttlSecondsAfterFinished: 300 } });
});

t.test('all rights that are missing are named at once, before anything is made: 77', async (t) => {
  const { api, meshproof } = await laptop(t);
  for (const right of ['create jobs', 'delete jobs', 'get pods/log']) api.denied.add(right);
  const { status, stderr } = await meshproof('matrix', '-A');
  t.equal(status, 77);
  t.match(stderr, 'may not, in namespace meshproof: create, delete jobs; get pods/log (MPE_NOT_PERMITTED)');
  t.match(stderr, '- { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "delete"] }');
  t.match(stderr, '- { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }');
  t.equal(api.times('create jobs'), 0);
});

t.test('without an installation: 69, and how to come by one', async (t) => {
  const { api, meshproof } = await laptop(t);
  api.template = undefined;
  const { status, stderr } = await meshproof('matrix', '-A');
  t.equal(status, 69);
  t.match(stderr, /MPE_NOT_INSTALLED.*\n.*meshproof install \| kubectl apply -f -/);
});
