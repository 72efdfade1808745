/** The suspended CronJob that is the template of every sweep's Job, and the schedule where one is wanted. */
import type { Fields } from '../declared/reading.ts';
import {
  COMMAND,
  CONTAINER,
  CONTROLLER_ACCOUNT,
  CONTROLLER_PORT,
  CRON_JOB,
  NOBODY,
  OUR_LABELS,
  ROLE_LABEL,
} from './names.ts';

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
  const chosen = measured === 'all' ? ['-A'] : measured.flatMap((namespace) => ['-n', namespace]);
  return {
    serviceAccountName: CONTROLLER_ACCOUNT,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    // Time to delete the probes of a sweep that is cut short.
    terminationGracePeriodSeconds: 30,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: NOBODY,
      runAsGroup: NOBODY,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: 'IfNotPresent',
        command: COMMAND,
        args: ['matrix', '--in-cluster', ...chosen, '--timeout', TIMEOUT],
        env: [
          fromPod('MESHPROOF_POD_NAME', 'metadata.name'),
          fromPod('MESHPROOF_POD_NAMESPACE', 'metadata.namespace'),
          fromPod('MESHPROOF_POD_IP', 'status.podIP'),
        ],
        ports: [{ name: 'agents', containerPort: CONTROLLER_PORT }],
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '512Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  };
}

function fromPod(name: string, fieldPath: string): Fields {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
