/** `verify` and `baseline save` of a cluster from a laptop: what the Job is told, and what becomes of its sweep. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { saveBaselineFile } from '../../controller/baselines/baseline-files.ts';
import { FrameWriter } from '../../controller/cli/frames.ts';
import { baselineOf } from '../../controller/gate/baseline.ts';
import type { Sweep } from '../../controller/judge/finding.ts';
import { publishJson } from '../../controller/publish/json.ts';
import { cli } from '../support/cli.ts';
import type { CliAnswer } from '../support/cli.ts';
import { FakeJobApi } from '../support/job-api/fake-job-api.ts';
import { cell, sweep } from '../support/sweeps.ts';

const AS_IT_WAS = sweep([cell()]);
const BEFORE = baselineOf(AS_IT_WAS, 'before', { kind: 'cluster', namespaces: ['shop'], hostVantage: false });
const EXPOSED = sweep([cell({ drift: 'exposed' })]);

interface Laptop {
  readonly api: FakeJobApi;
  readonly file: string;
  readonly shows: (measured: Sweep) => void;
  readonly meshproof: (...args: readonly string[]) => Promise<CliAnswer>;
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
  return {
    api,
    file: join(folder, 'before.json'),
    shows: (measured) => {
      pod.sweep(measured);
    },
    meshproof: (...args) => cli(args, { env: { KUBECONFIG: join(folder, 'kubeconfig') } }),
  };
}

function jobsOf(api: FakeJobApi): readonly string[] {
  return api.asked.filter(({ what }) => what === 'create jobs').map(({ body }) => JSON.stringify(body));
}

t.test('what was measured for the baseline is measured again, and the Job judges nothing of it', async (t) => {
  const { api, file, shows, meshproof } = await laptop(t);
  shows(AS_IT_WAS);
  const saved = await meshproof('baseline', 'save', 'before', '-n', 'shop', '-n', 'bank', '--file', file, '-q');
  t.equal(saved.status, 0, saved.stderr);
  t.match(JSON.parse(readFileSync(file, 'utf8')), {
    scope: { kind: 'cluster', namespaces: ['shop', 'bank'], hostVantage: false },
  });
  const verified = await meshproof('verify', '--baseline-file', file, '-q');
  t.match(verified, { status: 0, stdout: /\nPASS: 1 cell is as before\n$/ });
  t.equal(jobsOf(api).length, 2);
  for (const job of jobsOf(api)) {
    t.match(job, '"matrix","--in-cluster","--frames","-n","shop","-n","bank"');
    t.match(job, '"--unjudged"');
    t.notMatch(job, '--fail-on');
  }
  t.equal(api.job, undefined, 'no Job is left behind');
});

t.test('other namespaces than those of the baseline are refused before anything is started', async (t) => {
  const { api, file, meshproof } = await laptop(t);
  await saveBaselineFile(file, BEFORE);
  for (const scope of [['-A'], ['-n', 'bank'], ['--host-vantage'], ['--sandbox', 'shop']]) {
    const { status, stderr } = await meshproof('verify', '--baseline-file', file, ...scope);
    t.equal(status, 64, scope.join(' '));
    t.match(stderr, 'only that can be held against it');
  }
  t.same(jobsOf(api), []);
});

t.test('a sweep in a file is held against what it is of; of one that does not say so, it has to be said', async (t) => {
  const { api, file, shows, meshproof } = await laptop(t);
  shows(AS_IT_WAS);
  const verify = ['verify', '--baseline-file', file, '-q'];
  writeFileSync(file, publishJson(AS_IT_WAS));
  const unsaid = await meshproof(...verify);
  t.match(unsaid, { status: 64, stderr: /does not say what it is of \(MPE_USAGE\)\n.* -n, -A for all, or --sandbox/ });
  t.same(jobsOf(api), [], 'nothing is started');
  t.equal((await meshproof(...verify, '-n', 'shop')).status, 0);
  writeFileSync(
    file,
    publishJson({ ...AS_IT_WAS, scope: { kind: 'cluster', namespaces: ['bank', 'shop'], hostVantage: 'node' } }),
  );
  t.equal((await meshproof(...verify)).status, 0);
  t.equal((await meshproof(...verify, '-n', 'shop')).status, 64);
  const [said = '', known = '', ...more] = jobsOf(api);
  t.match(said, '"matrix","--in-cluster","--frames","-n","shop"');
  t.match(known, '"matrix","--in-cluster","--frames","-n","bank","-n","shop"');
  t.match(known, '"--host-vantage=node"');
  t.same(more, []);
});

t.test('what has changed is measured a second time, by a second Job', async (t) => {
  const { api, file, shows, meshproof } = await laptop(t);
  await saveBaselineFile(file, BEFORE);
  shows(EXPOSED);
  const { status, stderr } = await meshproof('verify', '--baseline-file', file, '--settle', '1ms');
  t.equal(status, 79);
  t.match(stderr, '1 unexpected change; measuring again in 0.001 s\n');
  t.equal(jobsOf(api).length, 2);
});
