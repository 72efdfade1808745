/** What an installation has for the controller that stays: its Deployment, the Service that leads to it, its Lease and its disk. */
import type { Fields } from '../declared/reading.ts';
import { scopeArgs } from './cron-job.ts';
import type { CronJobOptions } from './cron-job.ts';
import {
  CONTROLLER_PORT,
  LEADER_LABEL,
  NOBODY,
  ROLE_LABEL,
  SERVE,
  SERVE_LABELS,
  STORE_FOLDER,
  WEB_PORT,
} from './names.ts';
import { controllerPod, POD_SECURITY } from './pod.ts';
import type { ServeRights } from './rbac.ts';

export type ServeOptions = Pick<CronJobOptions, 'image' | 'ownNamespace' | 'measured'> & ServeRights;

const INTERVAL = '10s';
/** Twice what the store keeps at most, for its log and for what is on its way out. */
const STORE_SIZE = '2Gi';

const SELECTED = {
  'app.kubernetes.io/name': SERVE_LABELS['app.kubernetes.io/name'],
  'app.kubernetes.io/component': SERVE_LABELS['app.kubernetes.io/component'],
};

/** Its store is a file on a disk that one pod has at a time: the old pod goes before the new one comes. */
export function deployment(options: ServeOptions): Fields {
  const labels = { ...SERVE_LABELS, [ROLE_LABEL]: 'controller', 'sidecar.istio.io/inject': 'false' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataIn(options),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 3,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: SELECTED },
      template: { metadata: { labels }, spec: podSpec(options) },
    },
  };
}

/** Selects the pod that leads, ready or not: there is no better one. */
export function service(options: ServeOptions): Fields {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataIn(options),
    spec: {
      selector: { ...SELECTED, [LEADER_LABEL]: 'true' },
      publishNotReadyAddresses: true,
      ports: [
        { name: 'http', port: WEB_PORT, targetPort: 'http' },
        { name: 'agents', port: CONTROLLER_PORT, targetPort: 'agents' },
      ],
    },
  };
}

export function claim(options: ServeOptions): Fields {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadataIn(options),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: STORE_SIZE } } },
  };
}

/** Nobody's yet; made here so that it goes with the rest. */
export function lease(options: ServeOptions): Fields {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: metadataIn(options) };
}

function metadataIn({ ownNamespace }: ServeOptions): Fields {
  return { name: SERVE, namespace: ownNamespace, labels: SERVE_LABELS };
}

function podSpec({ image, measured, events, reports }: ServeOptions): Fields {
  const answers = { httpGet: { path: '/healthz', port: 'http' }, timeoutSeconds: 5 };
  return {
    ...controllerPod({
      image,
      args: [
        'serve',
        '--in-cluster',
        ...scopeArgs(measured),
        ...['--interval', INTERVAL],
        ...['--store', `sqlite:${STORE_FOLDER}/meshproof.db`],
        ...(events ? ['--events'] : []),
        ...(reports ? ['--reports'] : []),
      ],
      // Where SQLite puts what does not fit into memory; nothing else can be written to.
      env: [{ name: 'SQLITE_TMPDIR', value: STORE_FOLDER }],
      ports: [
        { name: 'http', containerPort: WEB_PORT },
        { name: 'agents', containerPort: CONTROLLER_PORT },
      ],
      resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { cpu: '2', memory: '1Gi' } },
      // A standby is as ready as it gets: whether there is a matrix is for /readyz to say, and for alerts.
      readinessProbe: { ...answers, periodSeconds: 5 },
      livenessProbe: { ...answers, periodSeconds: 10, failureThreshold: 6 },
      volumeMounts: [{ name: 'store', mountPath: STORE_FOLDER }],
    }),
    securityContext: { ...POD_SECURITY, fsGroup: NOBODY, fsGroupChangePolicy: 'OnRootMismatch' },
    volumes: [{ name: 'store', persistentVolumeClaim: { claimName: SERVE } }],
  };
}
