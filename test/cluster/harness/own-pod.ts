/** Pods made as the controller's own is, from what an installation keeps in its CronJob. */
import { CRON_JOB } from '../../../controller/install/names.ts';
import { OWN_NAMESPACE, TEST_LABELS } from '../mesh/lane.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { get } from './kubectl.ts';

/** @param args what meshproof is to do in it. */
export async function ownPod(name: string, args: readonly string[]): Promise<KubernetesObject> {
  const [cronJob] = await get('cronjob', CRON_JOB, '-n', OWN_NAMESPACE);
  const { jobTemplate } = cronJob?.spec as {
    jobTemplate: { spec: { template: { spec: { containers: readonly Record<string, unknown>[] } } } };
  };
  const { spec } = jobTemplate.spec.template;
  const [container = {}] = spec.containers;
  const labels = { ...TEST_LABELS, 'app.kubernetes.io/part-of': 'meshproof', 'meshproof.io/role': 'controller' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: OWN_NAMESPACE, labels },
    spec: { ...spec, containers: [{ ...container, args }] },
  };
}
