/** The declared state that a preview starts from: of manifests, of a sandbox, or of a cluster. */
import { systemClock } from '../../proto/system-clock.ts';
import type { Snapshot } from '../declared/objects.ts';
import { addressOf } from './cluster-options.ts';
import type { ClusterFlags } from './cluster-options.ts';
import { readSnapshot } from './manifests.ts';
import type { Session } from './session.ts';

export interface StateFlags extends ClusterFlags {
  readonly filename?: readonly string[];
  readonly sandbox?: string;
}

/** Rejects as `readSnapshot`, `loadScenario` and `viewCluster`; of a cluster, the whole of it has to be readable. */
export async function declaredState(flags: StateFlags, session: Session): Promise<Snapshot> {
  if (flags.filename !== undefined) return readSnapshot(flags.filename, session);
  if (flags.sandbox === undefined) return ofCluster(flags, session);
  const { scenarioMeant } = await import('./sandbox-manifests.ts');
  return readSnapshot((await scenarioMeant(flags.sandbox)).manifestPaths, session);
}

async function ofCluster(flags: ClusterFlags, session: Session): Promise<Snapshot> {
  const [{ connectCluster }, { viewCluster }] = await Promise.all([
    import('../api-server/connect.ts'),
    import('../snapshot/cluster/view.ts'),
  ]);
  const { terminal, signal } = session;
  const { isQuiet, isVerbose } = session.flags();
  const debug = (message: string): void => {
    if (isVerbose) terminal.note(`${message}\n`);
  };
  const cluster = await connectCluster(addressOf(flags), session.env);
  if (!isQuiet) terminal.note(`reading what is declared in the cluster of context ${cluster.contextName}\n`);
  await using view = await viewCluster(cluster, { namespaces: 'all' }, { clock: systemClock, debug }, signal);
  const snapshot = await view.snapshot(signal);
  if (!isQuiet) for (const warning of snapshot.warnings) terminal.note(`warning: ${warning}\n`);
  return snapshot;
}
