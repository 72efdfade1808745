/** The suspended CronJob that is the template of every sweep's Job, and the schedule where one is wanted. */
import type { Fields } from '../declared/reading.ts';
import { CONTROLLER_PORT, CRON_JOB, OUR_LABELS, ROLE_LABEL } from './names.ts';
import { controllerPod } from './pod.ts';

export interface CronJobOptions {
  readonly image: string;
  readonly ownNamespace: string;
  /** By scheduled sweeps. */
  readonly measured: readonly string[] | 'all';
  /** Five fields; absent: suspended, for sweeps on demand alone. */
  readonly schedule?: string;
}

/** A CronJob must have one, even where it is suspended. */
const ANY_SCHEDULE = '*/15 * * * *';
const TIMEOUT = '10m';
/** Of a scheduled sweep, should it not keep its own time. */
const DEADLINE_SECONDS = 3600;
const DAY_SECONDS = 86_400;

export function cronJob(options: CronJobOptions): Fields {
  const { ownNamespace, schedule } = options;
  const labels = { ...OUR_LABELS, [ROLE_LABEL]: 'controller' };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: CRON_JOB, namespace: ownNamespace, labels: OUR_LABELS },
    spec: {
      schedule: schedule ?? ANY_SCHEDULE,
      suspend: schedule === undefined,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 300,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: 0,
          activeDeadlineSeconds: DEADLINE_SECONDS,
          ttlSecondsAfterFinished: DAY_SECONDS,
          template: {
            // Agents dial this pod directly; a proxy before it would be one more thing to go wrong.
            metadata: { labels: { ...labels, 'sidecar.istio.io/inject': 'false' } },
            spec: podSpec(options),
          },
        },
      },
    },
  };
}

function podSpec({ image, measured }: CronJobOptions): Fields {
  return {
    ...controllerPod({
      image,
      args: ['matrix', '--in-cluster', ...scopeArgs(measured), '--timeout', TIMEOUT],
      ports: [{ name: 'agents', containerPort: CONTROLLER_PORT }],
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '512Mi' } },
    }),
    restartPolicy: 'Never',
  };
}

/** As `matrix` and `serve` take it. */
export function scopeArgs(measured: CronJobOptions['measured']): readonly string[] {
  return measured === 'all' ? ['-A'] : measured.flatMap((namespace) => ['-n', namespace]);
}
