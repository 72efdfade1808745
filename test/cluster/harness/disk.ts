/** A disk for one claim, where the cluster makes none by itself: a folder of its node. */
import type { KubernetesObject } from '../mesh/objects.ts';
import { TEST_LABELS } from '../mesh/lane.ts';
import { COMMAND } from '../../../controller/install/names.ts';
import { apply, eventually, get, remove } from './kubectl.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export interface Disk {
  readonly objects: readonly KubernetesObject[];
}

/** For the claim `meshproof` of the namespace; `maker`: a namespace where a pod may run as root. */
export async function diskFor(namespace: string, maker: string, image: string): Promise<Disk> {
  const classes = (await get('storageclasses')) as readonly {
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  }[];
  if (classes.some(({ metadata: { annotations = {} } }) => annotations[DEFAULT_CLASS] === 'true'))
    return { objects: [] };
  // The cluster itself deletes such folders below /tmp (kubernetes: pkg/volume/hostpath/host_path.go:newDeleter).
  const hostPath = { path: `/tmp/meshproof-test-${namespace}`, type: 'DirectoryOrCreate' };
  const volume: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace, labels: TEST_LABELS },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace, name: 'meshproof' },
      hostPath,
    },
  };
  const opener: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'mp-disk',
      namespace: maker,
      labels: { ...TEST_LABELS, 'app.kubernetes.io/part-of': 'meshproof', 'sidecar.istio.io/inject': 'false' },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'open',
          image,
          command: [COMMAND[0], '-e', 'fs.chmodSync("/disk", 0o777)'],
          securityContext: { runAsUser: 0, runAsNonRoot: false },
          volumeMounts: [{ name: 'disk', mountPath: '/disk' }],
        },
      ],
      volumes: [{ name: 'disk', hostPath }],
    },
  };
  await remove([opener]);
  await apply([volume, opener]);
  await eventually('the disk can be written to', async () => {
    const [pod] = await get('pod', 'mp-disk', '-n', maker);
    return pod?.status?.['phase'] === 'Succeeded';
  });
  await remove([opener]);
  return { objects: [volume] };
}
