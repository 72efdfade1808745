/** Which cluster is meant: a kubeconfig and a context in it, or the cluster that this process runs in. */
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { clusterOfPod } from './in-pod.ts';
import { clusterOfKubeconfigs } from './kubeconfig.ts';
import { noKubeconfig } from './no-kubeconfig.ts';

/** With neither: KUBECONFIG, then ~/.kube/config, then the service account of the pod. */
export interface ClusterAddress {
  readonly kubeconfig?: string;
  /** @default the kubeconfig's current context */
  readonly context?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads configuration only; nothing is sent. Throws MPE_NO_KUBECONFIG where nothing says which cluster is meant, and
 * MPE_UNREADABLE_INPUT for a kubeconfig that cannot be parsed.
 */
export async function connectCluster(address: ClusterAddress, env: Environment): Promise<Cluster> {
  const paths = await kubeconfigPaths(address, env);
  if (paths.length > 0) return await clusterOfKubeconfigs(paths, address.context);
  const cluster = await clusterOfPod(env);
  if (cluster === undefined) throw noKubeconfig('there is no kubeconfig, and this is no pod of a cluster');
  if (address.context === undefined) return cluster;
  throw noKubeconfig(`this pod knows its own cluster only, and no context ${address.context}`);
}

/** Files of KUBECONFIG that do not exist are passed over, as kubectl does; one that was asked for by name is not. */
async function kubeconfigPaths({ kubeconfig }: ClusterAddress, env: Environment): Promise<readonly string[]> {
  if (kubeconfig !== undefined) {
    if (await isThere(kubeconfig)) return [kubeconfig];
    throw noKubeconfig(`${kubeconfig} is not there, or cannot be read`);
  }
  const variable = env['KUBECONFIG'] ?? '';
  const named = variable.split(delimiter).filter((path) => path !== '');
  const home = env['HOME'] === undefined || named.length > 0 ? [] : [join(env['HOME'], '.kube', 'config')];
  const found: string[] = [];
  for (const path of [...named, ...home]) if (await isThere(path)) found.push(path);
  if (named.length > 0 && found.length === 0) throw noKubeconfig(`KUBECONFIG is ${variable}, and nothing is there`);
  return found;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
