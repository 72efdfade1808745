/** An API server in trouble before the controller itself, whose lists, watches and Jobs go there: it has its sweep. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Sweep } from '../../controller/judge/finding.ts';
import { CliProcess } from '../support/cli-process.ts';
import { ApiProxy } from './harness/api-proxy.ts';
import type { Misbehaviour } from './harness/api-proxy.ts';
import { traces } from './harness/installation.ts';
import { apply, eventually, remove } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { ownAddress } from './harness/own-address.ts';
import { ownPod } from './harness/own-pod.ts';
import { raised } from './harness/raised.ts';
import { findingsOf, story } from './harness/sweeps.ts';
import { BORNE_BY_CONTROLLERS, SEED } from './harness/troubles.ts';
import { PLAIN } from './mesh/healthy.ts';
import { OWN_NAMESPACE } from './mesh/lane.ts';

t.setTimeout(400_000);

/** The pod that the controller takes itself for: its probes take over its image, and one of them belongs to it. */
const STAND_IN = 'stand-in';
const options = { skip: withoutCluster(), timeout: 90_000 };

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
  readonly sweep: Sweep | undefined;
}

async function controllerBehind(misbehaviour: Misbehaviour, sweepId: string, folder: string): Promise<Ended> {
  await using proxy = await ApiProxy.start(misbehaviour);
  const [kubeconfig, file] = [join(folder, 'config'), join(folder, 'sweep.json')];
  await proxy.writeKubeconfig(kubeconfig);
  const args = ['matrix', '--in-cluster', '--kubeconfig', kubeconfig, '-n', PLAIN, '-o', 'json', '--output-file', file];
  await using running = new CliProcess(args, {
    env: {
      MESHPROOF_POD_NAME: STAND_IN,
      MESHPROOF_POD_NAMESPACE: OWN_NAMESPACE,
      MESHPROOF_POD_IP: (await ownAddress()) ?? '',
      MESHPROOF_SWEEP_ID: sweepId,
    },
  });
  const { status } = await running.ended;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return { status, stderr: running.stderr, sweep: text === undefined ? undefined : (JSON.parse(text) as Sweep) };
}

t.before(async () => {
  if (options.skip !== false) return;
  await raised();
  await apply([await ownPod(STAND_IN, ['--version'])]);
});

t.teardown(async () => {
  if (options.skip === false) await remove([await ownPod(STAND_IN, [])]);
});

t.comment(SEED);
for (const [index, { what, misbehaviour }] of BORNE_BY_CONTROLLERS.entries()) {
  t.test(`${what}, and the controller has its sweep`, options, async (t) => {
    if ((await ownAddress()) === undefined) return t.pass('pods cannot dial us: we run on no node', { skip: true });
    const sweepId = `trouble${String(index)}`;
    const { status, sweep, stderr } = await controllerBehind(misbehaviour, sweepId, t.testdir());
    if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
    t.same(findingsOf(sweep), [], story(sweep));
    t.equal(status, 0);
    await eventually('nothing of the sweep is left', async () => (await traces(sweepId)).length === 0);
  });
}
