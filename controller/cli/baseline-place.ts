/** Where the baselines of a mesh are kept: files for a sandbox, ConfigMaps for a cluster. */
import { MeshproofError } from '../../proto/errors.ts';
import type { BaselineStore } from '../baselines/baseline-store.ts';
import { addressOf, ownNamespaceOf } from './cluster-options.ts';
import type { ClusterFlags } from './cluster-options.ts';
import type { Session } from './session.ts';

export interface PlaceFlags extends ClusterFlags {
  readonly sandbox?: string;
}

/** An outage of the API server that is shorter than this is borne. */
const PATIENCE_MS = 30_000;

/** Rejects as `scenarioMeant` and `connectCluster`. */
export async function openBaselines(flags: PlaceFlags, session: Session): Promise<BaselineStore> {
  if (flags.sandbox !== undefined) return filesOf(flags.sandbox, session);
  const [{ connectCluster }, { KubernetesApi }, { configMaps }, { systemClock }] = await Promise.all([
    import('../api-server/connect.ts'),
    import('../api-server/kubernetes-api.ts'),
    import('../baselines/config-maps.ts'),
    import('../../proto/system-clock.ts'),
  ]);
  const cluster = await connectCluster(addressOf(flags), session.env).catch(withSandbox);
  return configMaps(
    new KubernetesApi(cluster, systemClock, { patienceMs: PATIENCE_MS }),
    ownNamespaceOf(flags, session),
  );
}

function withSandbox(error: unknown): never {
  if (!(error instanceof MeshproofError) || error.code !== 'MPE_NO_KUBECONFIG') throw error;
  const also = 'Or name the sandbox whose baselines are meant: --sandbox shop.';
  throw new MeshproofError('MPE_NO_KUBECONFIG', error.message, { hint: `${error.hint} ${also}`, cause: error });
}

async function filesOf(sandbox: string, session: Session): Promise<BaselineStore> {
  const [{ isShipped, scenarioMeant }, { baselineFiles, baselineFolder }] = await Promise.all([
    import('./sandbox-manifests.ts'),
    import('../baselines/baseline-files.ts'),
  ]);
  const { name, folder } = await scenarioMeant(sandbox);
  const isOurs = await isShipped({ name, folder });
  return baselineFiles(baselineFolder(session.env, { name, folder, isOurs }), `the baselines of sandbox ${name}`);
}
