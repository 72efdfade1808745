/** The cluster that this process runs in, as its kubelet tells of it: no client library is needed for that. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressText } from '../../proto/vocabulary.ts';
import type { Cluster } from './cluster.ts';

/** Kubernetes mounts it into pods: token, ca.crt, namespace. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @returns undefined where this is no pod, or one without a token */
export async function clusterOfPod(
  env: Readonly<Record<string, string | undefined>>,
  folder = SERVICE_ACCOUNT,
): Promise<Cluster | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined || (await textOf(join(folder, 'token'))) === undefined) return undefined;
  return {
    server: `https://${addressText({ host, port: Number(port) })}`,
    contextName: 'in-cluster',
    namespace: (await textOf(join(folder, 'namespace'))) ?? 'default',
    isProxied: false,
    // The kubelet writes both anew, the token every hour or so.
    authenticate: async () => {
      const [token = '', ca] = await Promise.all([textOf(join(folder, 'token')), textOf(join(folder, 'ca.crt'))]);
      return { headers: { authorization: `Bearer ${token}` }, ...(ca !== undefined && { ca }) };
    },
  };
}

/** Without the white space around it; undefined where there is nothing to read. */
async function textOf(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : text.trim();
}
