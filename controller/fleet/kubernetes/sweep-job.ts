/** The Job of one sweep, made from the template that an installation keeps in its suspended CronJob. */
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { CONTAINER, CRON_JOB, OUR_LABELS, ROLE_LABEL, SWEEP_LABEL } from '../../install/names.ts';
import { MeshproofError } from '../../../proto/errors.ts';

export interface SweepJobOptions {
  readonly sweepId: string;
  /** Of `meshproof` in the pod: the template's own are for its schedule. */
  readonly args: readonly string[];
  /** Of the whole sweep, the start of its pod and the end of its probes included. */
  readonly deadlineSeconds: number;
}

/** How long a Job stays after its end where nobody deletes it: whoever reads its log has time to come back. */
const TTL_SECONDS = 300;

export function sweepJobName(sweepId: string): string {
  return `meshproof-${sweepId}`;
}

/**
 * As `kubectl create job --from=cronjob/…` makes it (kubernetes: kubectl/pkg/cmd/create/create_job.go), but not controlled
 * by the CronJob: its history limit would delete a failed Job before its log is read. It goes with the CronJob all the same.
 */
export function sweepJob(cronJob: unknown, { sweepId, args, deadlineSeconds }: SweepJobOptions): Fields {
  const metadata = fields(cronJob, 'metadata');
  const template = fields(cronJob, 'spec', 'jobTemplate');
  const pod = fields(template, 'spec', 'template');
  const labels = { ...OUR_LABELS, [ROLE_LABEL]: 'controller', [SWEEP_LABEL]: sweepId };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: sweepJobName(sweepId),
      namespace: text(metadata['namespace']) ?? '',
      labels: { ...fields(template, 'metadata', 'labels'), ...labels },
      annotations: { ...fields(template, 'metadata', 'annotations'), 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: CRON_JOB, uid: text(metadata['uid']) ?? '' }],
    },
    spec: {
      ...fields(template, 'spec'),
      // A sweep that failed has failed; a second pod would measure again, and its log would be another one.
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: TTL_SECONDS,
      template: {
        ...pod,
        metadata: { ...fields(pod, 'metadata'), labels: { ...fields(pod, 'metadata', 'labels'), ...labels } },
        spec: {
          ...fields(pod, 'spec'),
          restartPolicy: 'Never',
          containers: containersOf(fields(pod, 'spec'), sweepId, args),
        },
      },
    },
  };
}

function containersOf(podSpec: Fields, sweepId: string, args: readonly string[]): readonly unknown[] {
  const containers = list(podSpec['containers']);
  if (!containers.some((container) => fields(container)['name'] === CONTAINER)) {
    throw new MeshproofError('MPE_NOT_INSTALLED', `CronJob ${CRON_JOB} has no container "${CONTAINER}"`);
  }
  return containers.map((container) => {
    const own = fields(container);
    if (own['name'] !== CONTAINER) return container;
    const env = list(own['env']).filter((one) => fields(one)['name'] !== 'MESHPROOF_SWEEP_ID');
    return { ...own, args, env: [...env, { name: 'MESHPROOF_SWEEP_ID', value: sweepId }] };
  });
}
