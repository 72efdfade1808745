/** A cluster as kubeconfigs describe it. */
import { delimiter } from 'node:path';
import { MeshproofError } from '../../proto/errors.ts';
import type { Cluster, Credentials } from './cluster.ts';
import { noKubeconfig } from './no-kubeconfig.ts';

/** Half a second and 80 MB: paid by those only who read a kubeconfig. */
const loadClient = () => import('@kubernetes/client-node');

type KubeConfig = InstanceType<Awaited<ReturnType<typeof loadClient>>['KubeConfig']>;

/**
 * @param paths of files that are there, one at least
 * @param context instead of their current one
 */
export async function clusterOfKubeconfigs(paths: readonly string[], context?: string): Promise<Cluster> {
  const { KubeConfig: Config } = await loadClient();
  const kubeConfig = new Config();
  for (const [index, path] of paths.entries()) {
    if (index === 0) load(kubeConfig, path);
    else addMissing(kubeConfig, load(new Config(), path));
  }
  if (context !== undefined) kubeConfig.setCurrentContext(context);
  return described(kubeConfig, paths.join(delimiter));
}

function load(kubeConfig: KubeConfig, path: string): KubeConfig {
  try {
    kubeConfig.loadFromFile(path);
    return kubeConfig;
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${path}: expected a kubeconfig: ${why}`, { cause });
  }
}

/** Of several files the first that names a thing counts; client-go: tools/clientcmd/loader.go:ClientConfigLoadingRules.Load */
function addMissing(kubeConfig: KubeConfig, other: KubeConfig): void {
  for (const cluster of other.clusters) {
    if (!kubeConfig.clusters.some(({ name }) => name === cluster.name)) kubeConfig.addCluster(cluster);
  }
  for (const user of other.users) {
    if (!kubeConfig.users.some(({ name }) => name === user.name)) kubeConfig.addUser(user);
  }
  for (const context of other.contexts) {
    if (!kubeConfig.contexts.some(({ name }) => name === context.name)) kubeConfig.addContext(context);
  }
  if (currentOf(kubeConfig) === '') kubeConfig.setCurrentContext(other.currentContext);
}

function described(kubeConfig: KubeConfig, from: string): Cluster {
  const contextName = currentOf(kubeConfig);
  const context = kubeConfig.getContextObject(contextName);
  if (context === null) {
    const known = kubeConfig.contexts.map(({ name }) => name).join(', ');
    const wanted = contextName === '' ? 'has no current context' : `has no context ${contextName}`;
    throw noKubeconfig(`${from} ${wanted}`, known === '' ? undefined : `Name one of its contexts: ${known}.`);
  }
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw noKubeconfig(`${from}: context ${context.name} names no cluster that is in it`);
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    const why = `${from}: cluster ${cluster.name} is ${cluster.server}, which proves nobody's identity`;
    throw noKubeconfig(why, 'Set insecure-skip-tls-verify: true in it if it is kubectl proxy on this machine.');
  }
  const namespace = context.namespace?.trim() ?? '';
  return {
    server: cluster.server.replace(/\/+$/, ''),
    contextName: context.name,
    namespace: namespace === '' ? 'default' : namespace,
    isProxied: (cluster.proxyUrl ?? '') !== '',
    authenticate: async () => {
      const options: Credentials = { headers: {} };
      await kubeConfig.applyToHTTPSOptions(options);
      return options;
    },
  };
}

/** Its type does not say that a file may have none. */
function currentOf(kubeConfig: { readonly currentContext?: string }): string {
  return kubeConfig.currentContext ?? '';
}
