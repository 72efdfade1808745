/** Which cluster is meant: a kubeconfig and a context in it, or the cluster that this process runs in. */
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { MeshproofError } from '../../proto/errors.ts';

/** Half a second and 80 MB: paid by those only who talk to a cluster. */
const loadClient = () => import('@kubernetes/client-node');

export type KubeConfig = InstanceType<Awaited<ReturnType<typeof loadClient>>['KubeConfig']>;

/** With neither: KUBECONFIG, then ~/.kube/config, then the service account of the pod. */
export interface ClusterAddress {
  readonly kubeconfig?: string;
  /** @default the kubeconfig's current context */
  readonly context?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Cluster {
  readonly kubeConfig: KubeConfig;
  /** URL of the API server. */
  readonly server: string;
  readonly contextName: string;
  /** Of the context, or of the pod that this process runs in; `default` where neither says one. */
  readonly namespace: string;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Reads configuration only; nothing is sent. Throws MPE_NO_KUBECONFIG where nothing says which cluster is meant, and
 * MPE_UNREADABLE_INPUT for a kubeconfig that cannot be parsed.
 */
export async function connectCluster(address: ClusterAddress, env: Environment): Promise<Cluster> {
  const paths = await kubeconfigPaths(address, env);
  const { KubeConfig: Config } = await loadClient();
  const kubeConfig = new Config();
  if (paths.length > 0) {
    for (const [index, path] of paths.entries()) {
      if (index === 0) load(kubeConfig, path);
      else addMissing(kubeConfig, load(new Config(), path));
    }
  } else if (env['KUBERNETES_SERVICE_HOST'] !== undefined && (await isThere(SERVICE_ACCOUNT_TOKEN))) {
    kubeConfig.loadFromCluster();
  } else {
    throw noKubeconfig('there is no kubeconfig, and this is no pod of a cluster');
  }
  if (address.context !== undefined) kubeConfig.setCurrentContext(address.context);
  return described(kubeConfig, paths.join(delimiter));
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
    kubeConfig,
    server: cluster.server.replace(/\/+$/, ''),
    contextName: context.name,
    namespace: namespace === '' ? 'default' : namespace,
  };
}

/** Its type does not say that a file may have none. */
function currentOf(kubeConfig: { readonly currentContext?: string }): string {
  return kubeConfig.currentContext ?? '';
}

function noKubeconfig(why: string, hint?: string): MeshproofError {
  return new MeshproofError(
    'MPE_NO_KUBECONFIG',
    `cannot tell which cluster is meant: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
