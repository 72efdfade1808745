/** Sidecars that were not told of a policy of another namespace: their calls fail, and they are named as the cause. */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Sweep } from '../../controller/judge/finding.ts';
import { apply, eventually, get, kubectl, pause, remove } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { ownPod } from './harness/own-pod.ts';
import { raised } from './harness/raised.ts';
import { trustedObjects } from './harness/sweeps.ts';
import { MIXED, PLAIN, STRICT } from './mesh/healthy.ts';
import { OWN_NAMESPACE, TEST_LABELS } from './mesh/lane.ts';
import { peerAuthentication } from './mesh/objects.ts';
import type { KubernetesObject } from './mesh/objects.ts';

t.setTimeout(180_000);

const NAME = 'mp-stale';
const POLICY = peerAuthentication(MIXED, 'default', { mtls: { mode: 'DISABLE' } });
/** From a ready sidecar until it has all of its configuration. */
const CONFIGURED_MS = 2000;

type Shown = Pick<Sweep['cells'][number], 'key' | 'drift' | 'vantage' | 'target' | 'table'> & {
  readonly code?: string;
};

/** A pod like the controller's own, which runs the script in its place. */
async function controllerWith(script: string): Promise<readonly KubernetesObject[]> {
  const metadata = { name: NAME, namespace: OWN_NAMESPACE, labels: TEST_LABELS };
  const pod = await ownPod({
    name: NAME,
    env: [
      { name: 'NODE_OPTIONS', value: '--import=/scripts/stale-sweep.ts' },
      { name: 'MESHPROOF_SWEEP_ID', value: 'stale' },
      { name: 'NAMESPACES', value: [STRICT, MIXED, PLAIN].join(',') },
      { name: 'POLICY', value: JSON.stringify(POLICY) },
      { name: 'TRUSTED', value: (await trustedObjects()).join(',') },
    ],
    // Probes take over the command of their controller: it stays, and the script runs before it.
    args: ['--version'],
    volumeMounts: [{ name: 'scripts', mountPath: '/scripts' }],
    volumes: [{ name: 'scripts', configMap: { name: NAME } }],
  });
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'stale-sweep.ts': script } }, pod];
}

async function logOf(): Promise<string> {
  return kubectl(['logs', '-n', OWN_NAMESPACE, NAME, '--all-containers']).catch(() => '');
}

t.test('clients that were not told of a policy are named as the cause', { skip: withoutCluster() }, async (t) => {
  await raised();
  const script = await readFile(new URL('harness/stale-sweep.ts', import.meta.url), 'utf8');
  const controller = await controllerWith(script);
  try {
    await remove(controller);
    await apply(controller);
    await eventually('the probes are launched', async () => (await logOf()).includes('LAUNCHED'));
    await eventually('the sidecars of the probes are ready', async () => {
      const pods = await get('pods', '-A', '-l', 'meshproof.io/sweep=stale,meshproof.io/role=probe');
      const running = pods.filter(({ status }) => status?.['phase'] === 'Running');
      return pods.length === 5 && running.length === pods.length;
    });
    await pause(CONFIGURED_MS);
    await apply([POLICY]);
    await eventually('the sweep is over', async () => (await logOf()).includes('\nSWEEP '), 60_000);
    const line = (await logOf()).split('\n').find((one) => one.startsWith('SWEEP ')) ?? '';
    const { cells, verdict } = JSON.parse(line.slice('SWEEP '.length)) as {
      cells: readonly Shown[];
      verdict: Sweep['verdict'];
    };
    const drifted = cells.filter(({ drift }) => drift !== 'agrees');
    t.same(
      drifted.map(({ vantage, target, drift, code }) => [
        `${vantage.namespace}/${vantage.serviceAccount}`,
        `${target.namespace}/${target.name}:${String(target.port)}`,
        drift,
        code,
      ]),
      [
        [`${STRICT}/front`, `${MIXED}/clerk:80`, 'blocked', 'MP1017'],
        [`${STRICT}/vault`, `${MIXED}/clerk:80`, 'blocked', 'MP1017'],
      ],
      JSON.stringify(drifted),
    );
    t.equal(verdict.value, 'fail');
  } finally {
    await remove([...controller, POLICY]);
  }
});
