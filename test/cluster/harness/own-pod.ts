/** Pods made as the controller's own is, from what an installation keeps in its CronJob. */
import { CRON_JOB } from '../../../controller/install/names.ts';
import { OWN_NAMESPACE, TEST_LABELS } from '../mesh/lane.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { get } from './kubectl.ts';

export interface OwnPodSpec {
  readonly name: string;
  /** Beside those of every controller. */
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  /** What meshproof is to do in it. */
  readonly args: readonly string[];
  readonly volumes?: readonly unknown[];
  readonly volumeMounts?: readonly unknown[];
}

export async function ownPod({ name, env = [], args, ...more }: OwnPodSpec): Promise<KubernetesObject> {
  const [cronJob] = await get('cronjob', CRON_JOB, '-n', OWN_NAMESPACE);
  const { jobTemplate } = cronJob?.spec as {
    jobTemplate: { spec: { template: { spec: { containers: readonly Record<string, unknown>[] } } } };
  };
  const { spec } = jobTemplate.spec.template;
  const [container = {}] = spec.containers;
  const { volumes = [], volumeMounts = [] } = more;
  const labels = { ...TEST_LABELS, 'app.kubernetes.io/part-of': 'meshproof', 'meshproof.io/role': 'controller' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: OWN_NAMESPACE, labels },
    spec: {
      ...spec,
      containers: [{ ...container, args, env: [...(container['env'] as readonly unknown[]), ...env], volumeMounts }],
      volumes,
    },
  };
}
