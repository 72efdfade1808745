/** The controller that stays, put into a namespace of its own by the chart, as whoever operates a cluster does it. */
import type { KubernetesObject } from '../mesh/objects.ts';
import { TEST_LABELS } from '../mesh/lane.ts';
import { trustOptions } from './commands.ts';
import { CHART, helm, imageValues } from './helm.ts';
import type { HelmIn } from './helm.ts';
import { kubectl } from './kubectl.ts';

const RELEASE = 'watching';
export const INTERVAL_MS = 3000;
/** What differs for less is not believed. */
export const SETTLE_MS = 3000;

/** Where it lives; the strictest pods only. */
export function monitorNamespace(name: string): KubernetesObject {
  const labels = { ...TEST_LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/**
 * Waits until its pods are ready. Agents end 45 s after they lost their controller.
 * @param namespaces that it measures.
 * @param serve more values below `serve` of the chart.
 */
export async function installMonitor(
  image: string,
  where: HelmIn,
  namespaces: readonly string[],
  serve: object,
): Promise<void> {
  const values = {
    namespaces,
    serve: {
      enabled: true,
      interval: `${String(INTERVAL_MS / 1000)}s`,
      anonymous: 'read',
      args: ['--settle', `${String(SETTLE_MS / 1000)}s`, '--agents-outlive', '45s', ...(await trustOptions())],
      ...serve,
    },
  };
  const set = Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);
  await helm(['install', RELEASE, CHART, ...imageValues(image), ...set, '--wait'], where);
}

export async function uninstallMonitor(where: HelmIn): Promise<void> {
  // Until its pod is gone, it puts probes where there are none.
  await helm(['uninstall', RELEASE, '--ignore-not-found', '--wait', '--cascade', 'foreground'], where);
}

/** With its probes, which would go by themselves in time, and its namespace. */
export async function removeMonitor(where: HelmIn): Promise<void> {
  await uninstallMonitor(where);
  await kubectl(['delete', 'jobs', '-A', '-l', `meshproof.io/sweep=${where.namespace}`, '--wait=false']);
  await kubectl(['delete', 'namespace', where.namespace, '--wait=true'], { withinMs: 90_000 });
}
