/** Which mesh `matrix` measures, and from where: the sandbox, a cluster from afar, or the cluster that it runs in. */
import type { ExitStatus } from '../../proto/errors.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { Sweep } from '../judge/finding.ts';
import { addressOf, checkScope, chosenNamespaces, ownNamespaceOf } from './cluster-options.ts';
import type { ClusterSweepDeps } from './cluster-sweep.ts';
import type { MatrixFlags } from './matrix.ts';
import { EXIT_OF_VERDICT } from './matrix.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';

/** The sandbox is small, and on this machine. */
const SANDBOX_TIMEOUT_MS = 120_000;
const CLUSTER_TIMEOUT_MS = 600_000;

/** What nothing fails is left to whoever asked for the sweep: only that it cannot be relied on is said in its verdict. */
export const UNJUDGED: Pick<MeasuringFlags, 'failOn' | 'minCoverage'> = { failOn: [], minCoverage: 0 };

export async function measured(flags: MeasuringFlags, session: Session): Promise<Sweep> {
  if (flags.sandbox !== undefined) return onSandbox(flags.sandbox, flags, session);
  return flags.inCluster === true ? hereInCluster(flags, session) : fromAfar(flags, session);
}

/** As `measured` of a sweep in its cluster; the result is the last frame on stdout. Never rejects. */
export async function toldInFrames(flags: MatrixFlags, session: Session): Promise<ExitStatus> {
  const [{ tellInFrames }, sweepId] = await Promise.all([import('./framed-sweep.ts'), sweepIdOf(session)]);
  return tellInFrames(
    sweepId,
    (telling) =>
      inCluster(
        sweepId,
        flags.unjudged === true ? { ...flags, ...UNJUDGED } : flags,
        { ...telling, env: session.env },
        session,
      ),
    ({ verdict }) => EXIT_OF_VERDICT[verdict.value],
    session,
  );
}

async function onSandbox(scenario: string, flags: MeasuringFlags, session: Session): Promise<Sweep> {
  const isElsewhere = flags.inCluster === true || flags.context !== undefined || flags.kubeconfig !== undefined;
  if (isElsewhere || chosenNamespaces(flags) !== undefined) {
    throw new MeshproofError('MPE_USAGE', 'the sandbox, or a cluster?', {
      hint: '--sandbox goes without --kubeconfig, --context, --in-cluster, -n and -A.',
    });
  }
  const { sweepSandbox } = await import('./sandbox-sweep.ts');
  const { dataPlane, minCoverage, failOn, trust: trusted, timeout = SANDBOX_TIMEOUT_MS } = flags;
  return within(timeout, session, (signal) =>
    sweepSandbox({ scenario, dataPlane, minCoverage, failOn, trusted }, session, signal),
  );
}

async function hereInCluster(flags: MeasuringFlags, session: Session): Promise<Sweep> {
  const [{ SILENT, showProgress }, sweepId] = await Promise.all([import('./progress.ts'), sweepIdOf(session)]);
  const { isQuiet, isVerbose } = session.flags();
  const progress = isQuiet ? SILENT : showProgress(session.terminal);
  const note = (message: string): void => {
    progress.end();
    session.terminal.note(`${message}\n`);
  };
  const deps = {
    env: session.env,
    progress: progress.show,
    note: isQuiet ? () => undefined : note,
    debug: isVerbose ? note : () => undefined,
  };
  try {
    return await inCluster(sweepId, flags, deps, session);
  } finally {
    progress.end();
  }
}

async function inCluster(
  sweepId: string,
  flags: MeasuringFlags,
  deps: ClusterSweepDeps,
  session: Session,
): Promise<Sweep> {
  const { sweepCluster } = await import('./cluster-sweep.ts');
  const ownNamespace = ownNamespaceOf(flags, session);
  const namespaces = chosenNamespaces(flags);
  if (namespaces === undefined) {
    throw new MeshproofError('MPE_USAGE', 'which namespaces?', { hint: 'Name them with -n, or give -A for all.' });
  }
  checkScope(namespaces, ownNamespace);
  const { minCoverage, failOn, trust: trusted, hostVantage, timeout: timeoutMs = CLUSTER_TIMEOUT_MS } = flags;
  const judged = { minCoverage, failOn, trusted };
  const options = { address: addressOf(flags), namespaces, ownNamespace, hostVantage, sweepId, timeoutMs, ...judged };
  return within(timeoutMs, session, (signal) => sweepCluster(options, deps, signal));
}

async function fromAfar(flags: MeasuringFlags, session: Session): Promise<Sweep> {
  const { START_MARGIN_MS, sweepFromAfar } = await import('./cluster-from-afar.ts');
  const ownNamespace = ownNamespaceOf(flags, session);
  const namespaces = chosenNamespaces(flags);
  if (namespaces !== undefined) checkScope(namespaces, ownNamespace);
  const { minCoverage, failOn, trust: trusted, hostVantage, timeout = CLUSTER_TIMEOUT_MS } = flags;
  const args = [
    ...['--min-coverage', String(minCoverage)],
    ...(failOn.length === 0 ? ['--unjudged'] : ['--fail-on', failOn.join(',')]),
    ...trusted.flatMap((object) => ['--trust', object]),
    ...(hostVantage === false ? [] : [hostVantage === true ? '--host-vantage' : `--host-vantage=${hostVantage}`]),
  ];
  const options = { address: addressOf(flags), ownNamespace, namespaces, timeoutMs: timeout, args };
  try {
    // The sweep keeps the time by itself; this is for a Job that does not.
    return await within(timeout + START_MARGIN_MS, session, (signal) => sweepFromAfar(options, session, signal));
  } catch (error) {
    throw error instanceof MeshproofError && error.code === 'MPE_NO_KUBECONFIG' ? withSandbox(error) : error;
  }
}

/** Who has no cluster may have come for a first look. */
function withSandbox({ message, hint, cause }: MeshproofError): MeshproofError {
  const also = 'Or measure a mesh on this machine: matrix --sandbox shop.';
  return new MeshproofError('MPE_NO_KUBECONFIG', message, { hint: `${hint} ${also}`, cause });
}

/** Rejects with MPE_TIMEOUT where the work has been cut short by the deadline, and not by the operator. */
async function within<T>(timeoutMs: number, session: Session, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await work(AbortSignal.any([session.signal, deadline]));
  } catch (error) {
    if (!deadline.aborted || session.signal.aborted) throw error;
    throw new MeshproofError('MPE_TIMEOUT', `no verdict within ${String(timeoutMs)} ms (--timeout)`, { cause: error });
  }
}

async function sweepIdOf({ env }: Session): Promise<string> {
  const { newSweepId } = await import('./cluster-sweep.ts');
  const given = env['MESHPROOF_SWEEP_ID'] ?? '';
  return given === '' ? newSweepId() : given;
}
