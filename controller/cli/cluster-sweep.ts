/** One sweep of the cluster that this process runs in: it is the controller that the probe pods dial. */
import { randomInt } from 'node:crypto';
import { MeshproofError } from '../../proto/errors.ts';
import type { OwnPlace } from '../fleet/kubernetes/own-pod.ts';
import type { HostVantage } from '../plan/options.ts';
import type { Sweep } from '../judge/finding.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { SweepOptions, SweepProgress } from '../sweep.ts';
import type { ClusterAddress } from '../api-server/connect.ts';
import type { Namespaces } from './cluster-options.ts';
import { nearest } from '../gate/nearest.ts';
import type { Session } from './session.ts';

export interface ClusterSweepOptions extends Pick<SweepOptions, 'minCoverage' | 'failOn' | 'trusted'> {
  readonly address: ClusterAddress;
  readonly namespaces: Namespaces;
  readonly ownNamespace: string;
  readonly hostVantage: HostVantage;
  /** In the names and labels of everything that is made. */
  readonly sweepId: string;
  /** Of the whole sweep; probe pods end by themselves some time after it. */
  readonly timeoutMs: number;
}

export interface ClusterSweepDeps {
  readonly env: Session['env'];
  readonly progress: (event: SweepProgress) => void;
  /** For the person who has started the sweep. */
  readonly note: (message: string) => void;
  readonly debug: (message: string) => void;
}

/** A probe pod of a namespace whose node has not seen the image yet. */
const CONNECT_WITHIN_MS = 60_000;

/** A probe pod outlives the sweep's deadline by as much at the most, if nobody is left to delete it. */
const PROBE_MARGIN_MS = 60_000;

/** Fit for the name of an object, and unlike that of any other sweep. */
export function newSweepId(): string {
  return Array.from({ length: 8 }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('');
}

/** Without vowels, as Kubernetes' own suffixes are, lest names spell words. */
const ID_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Rejects as `sweep` does, and where the cluster does not let itself be read; nothing is left behind then. */
export async function sweepCluster(
  options: ClusterSweepOptions,
  { env, progress, note, debug }: ClusterSweepDeps,
  signal: AbortSignal,
): Promise<Sweep> {
  const [
    { connectCluster },
    { viewCluster },
    { kubernetesLauncher },
    { CLUSTER_SWEEP_OPTIONS, sweep },
    { systemClock: clock },
  ] = await Promise.all([
    import('../api-server/connect.ts'),
    import('../snapshot/cluster/view.ts'),
    import('../fleet/kubernetes/launcher.ts'),
    import('../sweep.ts'),
    import('../../proto/system-clock.ts'),
  ]);
  const { address, namespaces, ownNamespace, sweepId, hostVantage, timeoutMs, ...judged } = options;
  const own = { ...ownPod(env), sweepId };
  const cluster = await connectCluster(address, env);
  await using view = await viewCluster(cluster, { namespaces }, { clock, debug }, signal);
  const declared = await view.snapshot(signal);
  const missing = missingNamespace(namespaces, declared);
  if (missing !== undefined) throw missing;
  for (const warning of declared.warnings) note(`warning: ${warning}`);
  const chosen = namespaces === 'all' ? 'all' : new Set(namespaces);
  await using launcher = await kubernetesLauncher(
    cluster,
    { own, namespaces: chosen, hostVantage, deadlineMs: timeoutMs + PROBE_MARGIN_MS },
    { clock, debug, note },
    signal,
  );
  const measured = await sweep(
    { snapshot: () => view.snapshot(signal), launcher, clock, progress, debug },
    {
      ...CLUSTER_SWEEP_OPTIONS,
      ...judged,
      ownNamespace,
      namespaces: chosen,
      connectWithinMs: CONNECT_WITHIN_MS,
    },
    signal,
  );
  return { ...measured, id: sweepId, scope: { kind: 'cluster', namespaces, hostVantage } };
}

/** By the downward API, as the template of an installation has it. */
export function ownPod(env: Session['env']): Omit<OwnPlace, 'sweepId'> {
  const setting = (name: string): string => {
    const value = env[name] ?? '';
    if (value !== '') return value;
    throw new MeshproofError('MPE_INVALID_CONFIG', `${name} is not set`, {
      hint: '--in-cluster is for the pods that an installation makes; from elsewhere leave it out.',
    });
  };
  return {
    podName: setting('MESHPROOF_POD_NAME'),
    namespace: setting('MESHPROOF_POD_NAMESPACE'),
    host: setting('MESHPROOF_POD_IP'),
  };
}

/** MPE_USAGE: a mistyped namespace has no cells, and no cells are no trouble: that would be a pass. */
export function missingNamespace(namespaces: Namespaces, { objects }: Snapshot): MeshproofError | undefined {
  if (namespaces === 'all') return undefined;
  const known = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  const missing = namespaces.find((namespace) => !known.includes(namespace));
  if (missing === undefined) return undefined;
  const close = nearest(missing, known);
  return new MeshproofError('MPE_USAGE', `the cluster has no namespace ${missing}`, {
    hint: close === undefined ? 'Name one that it has.' : `Did you mean ${close}?`,
  });
}
