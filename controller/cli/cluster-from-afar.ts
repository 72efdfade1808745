/** A sweep of a cluster for somebody outside of it: started as a Job, and brought back. */
import type { Sweep } from '../judge/finding.ts';
import type { ClusterAddress } from '../api-server/connect.ts';
import type { Namespaces } from './cluster-options.ts';
import { newSweepId } from './cluster-sweep.ts';
import { SILENT, showProgress } from './progress.ts';
import type { Session } from './session.ts';

export interface AfarOptions {
  readonly address: ClusterAddress;
  readonly ownNamespace: string;
  /** Undefined: the namespace of the context. */
  readonly namespaces: Namespaces | undefined;
  /** Of the sweep, not of the start of its pod. */
  readonly timeoutMs: number;
  /** More arguments of `matrix --in-cluster`. */
  readonly args: readonly string[];
}

/** An outage of the API server that is shorter than this is borne. */
const PATIENCE_MS = 30_000;
/** Beyond the sweep's own timeout: for its pod to start, and to clean up. */
export const START_MARGIN_MS = 180_000;

/** Rejects as `runSweepJob`, and where somebody who asks has not all the rights that it takes (MPE_NOT_PERMITTED). */
export async function sweepFromAfar(options: AfarOptions, session: Session, signal: AbortSignal): Promise<Sweep> {
  const [
    { connectCluster },
    { KubernetesApi },
    { SweepJobs },
    { runSweepJob },
    { requireRights },
    { systemClock: clock },
  ] = await Promise.all([
    import('../api-server/connect.ts'),
    import('../api-server/kubernetes-api.ts'),
    import('../fleet/kubernetes/job.ts'),
    import('./cluster-job.ts'),
    import('./rights.ts'),
    import('../../proto/system-clock.ts'),
  ]);
  const { address, ownNamespace, timeoutMs, args } = options;
  const { terminal } = session;
  const { isQuiet, isVerbose } = session.flags();
  const cluster = await connectCluster(address, session.env);
  const namespaces = options.namespaces ?? [cluster.namespace];
  if (options.namespaces === undefined && !isQuiet) {
    terminal.note(`measuring namespace ${cluster.namespace}, of context ${cluster.contextName} (see -n and -A)\n`);
  }
  const api = new KubernetesApi(cluster, clock, { patienceMs: PATIENCE_MS });
  await requireRights(api, ownNamespace, signal);
  const progress = isQuiet ? SILENT : showProgress(terminal);
  const note = (line: string): void => {
    progress.end();
    terminal.note(`${line}\n`);
  };
  try {
    return await runSweepJob(
      {
        jobs: new SweepJobs(api, ownNamespace),
        clock,
        progress: progress.show,
        note,
        debug: isVerbose ? note : () => undefined,
      },
      {
        sweepId: newSweepId(),
        args: [
          'matrix',
          '--in-cluster',
          '--frames',
          ...(namespaces === 'all' ? ['-A'] : namespaces.flatMap((namespace) => ['-n', namespace])),
          ...['--timeout', `${String(timeoutMs)}ms`],
          ...args,
          ...(isVerbose ? ['--verbose'] : []),
          ...(isQuiet ? ['--quiet'] : []),
        ],
        deadlineSeconds: Math.ceil((timeoutMs + START_MARGIN_MS) / 1000),
      },
      signal,
    );
  } finally {
    progress.end();
  }
}
