import t from 'tap';
import { sweepJob } from '../../../../../controller/fleet/kubernetes/sweep-job.ts';

const TEMPLATE = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'meshproof-matrix', namespace: 'tools', uid: 'u-1' },
  spec: {
    schedule: '*/15 * * * *',
    suspend: true,
    jobTemplate: {
      metadata: { labels: { team: 'platform' }, annotations: { note: 'kept' } },
      spec: {
        backoffLimit: 6,
        activeDeadlineSeconds: 3600,
        ttlSecondsAfterFinished: 86_400,
        template: {
          metadata: { labels: { 'sidecar.istio.io/inject': 'false' }, annotations: { a: 'b' } },
          spec: {
            serviceAccountName: 'meshproof-controller',
            containers: [
              { name: 'log-shipper', image: 'x', args: ['own'] },
              {
                name: 'meshproof',
                image: 'meshproof:1',
                command: ['node', '/app/bin/meshproof.js'],
                args: ['matrix', '--in-cluster', '-A'],
                env: [
                  { name: 'MESHPROOF_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                  { name: 'MESHPROOF_SWEEP_ID', value: 'of the schedule' },
                ],
              },
            ],
          },
        },
      },
    },
  },
};

const job = sweepJob(TEMPLATE, {
  sweepId: 'bcd234',
  args: ['matrix', '--in-cluster', '-n', 'shop'],
  deadlineSeconds: 90,
});

t.test('the Job is of this sweep: its name, its labels, its id for the process', (t) => {
  const labels = {
    'app.kubernetes.io/name': 'meshproof',
    'app.kubernetes.io/part-of': 'meshproof',
    'app.kubernetes.io/managed-by': 'meshproof',
    'meshproof.io/role': 'controller',
    'meshproof.io/sweep': 'bcd234',
  };
  t.match(job, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'meshproof-bcd234', namespace: 'tools', labels: { ...labels, team: 'platform' } },
    spec: {
      template: { metadata: { labels: { ...labels, 'sidecar.istio.io/inject': 'false' }, annotations: { a: 'b' } } },
    },
  });
  t.match(job, {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'log-shipper', args: ['own'] },
            {
              name: 'meshproof',
              image: 'meshproof:1',
              command: ['node', '/app/bin/meshproof.js'],
              args: ['matrix', '--in-cluster', '-n', 'shop'],
              env: [{ name: 'MESHPROOF_POD_IP' }, { name: 'MESHPROOF_SWEEP_ID', value: 'bcd234' }],
            },
          ],
        },
      },
    },
  });
  t.end();
});

t.test('it runs once, ends in time, and goes some minutes later by itself', (t) => {
  t.match(job, {
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: 90,
      ttlSecondsAfterFinished: 300,
      template: { spec: { restartPolicy: 'Never' } },
    },
  });
  t.end();
});

t.test('it goes with the CronJob, which does not count it among its own', (t) => {
  t.match(job, {
    metadata: {
      annotations: { note: 'kept', 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'meshproof-matrix', uid: 'u-1' }],
    },
  });
  const { ownerReferences } = job['metadata'] as { readonly ownerReferences: readonly object[] };
  t.notHas(ownerReferences[0], { controller: true });
  t.end();
});

t.test('a CronJob of something else is no installation', (t) => {
  t.throws(() => sweepJob({ metadata: {} }, { sweepId: 'x', args: [], deadlineSeconds: 1 }), {
    code: 'MPE_NOT_INSTALLED',
    message: 'CronJob meshproof-matrix has no container "meshproof"',
  });
  t.end();
});
