/** `serve --in-cluster`: the controller of a cluster, as an installation runs it; of several, one measures. */
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { systemClock as clock } from '../../proto/system-clock.ts';
import { connectCluster } from '../api-server/connect.ts';
import type { Cluster } from '../api-server/cluster.ts';
import { Deadline } from '../../proto/deadline.ts';
import { KubernetesApi } from '../api-server/kubernetes-api.ts';
import { kubernetesLauncher } from '../fleet/kubernetes/launcher.ts';
import { SERVE, STORE_FOLDER, WEB_PORT } from '../install/names.ts';
import { leaderLabel } from '../leader/leader-label.ts';
import { holdLease } from '../leader/lease.ts';
import type { Leadership } from '../leader/lease.ts';
import { viewCluster } from '../snapshot/cluster/view.ts';
import { openStore } from '../store/open-store.ts';
import { CLUSTER_SWEEP_OPTIONS } from '../sweep.ts';
import { clusterAccess } from '../web/access/cluster-access.ts';
import { openBaselines } from './baseline-place.ts';
import { addressOf, checkScope, chosenNamespaces } from './cluster-options.ts';
import type { Namespaces } from './cluster-options.ts';
import { missingNamespace, ownPod } from './cluster-sweep.ts';
import { asking, clusterIpOf, clusterSinks } from './serve-asking.ts';
import { startStandby } from './serve-standby.ts';
import type { ServeFlags } from './serve.ts';
import { accessOf, listenOf, serveLog, serveMonitor } from './served.ts';
import type { Session } from './session.ts';

const INTERVAL_MS = 10_000;
const HEARTBEAT_MS = 15_000;
const LOST_AFTER_MS = 60_000;
const STORE = `sqlite:${STORE_FOLDER}/meshproof.db`;
/** How long an API server that does not answer is borne, by what cannot go on without it. */
const PATIENCE_MS = 20_000;
/** Whoever takes over takes the label off as well. */
const UNLABELLED_WITHIN_MS = 2000;

type Own = ReturnType<typeof ownPod>;

/**
 * Stands by until nobody else measures, then measures until the session's signal aborts. Rejects with MPE_LEADERSHIP_LOST
 * as soon as another one may measure; whoever runs it starts it again.
 */
export async function serveCluster(flags: ServeFlags, session: Session): Promise<void> {
  const namespaces = chosenNamespaces(flags);
  if (namespaces === undefined) {
    throw new MeshproofError('MPE_USAGE', 'which namespaces?', { hint: 'Name them with -n, or give -A for all.' });
  }
  const own = ownPod(session.env);
  checkScope(namespaces, own.namespace);
  const cluster = await connectCluster(addressOf(flags), session.env);
  try {
    await standAndLead({ flags, session, namespaces, own, cluster });
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}

interface Setting {
  readonly flags: ServeFlags;
  readonly session: Session;
  readonly namespaces: Namespaces;
  readonly own: Own;
  readonly cluster: Cluster;
}

async function standAndLead(setting: Setting): Promise<void> {
  const { flags, session, own, cluster } = setting;
  const { signal } = session;
  const log = serveLog(session);
  const { debug } = log;
  // Of its own: nothing else may keep the Lease waiting for its turn.
  await using api = new KubernetesApi(cluster, clock, { patienceMs: PATIENCE_MS, debug });
  const label = leaderLabel(api, own);
  await using reviews = asking(cluster, clock, debug);
  const shown = { access: clusterAccess({ ask: reviews.review, clock }, { namespace: own.namespace }), log };
  const [listen, access] = await Promise.all([listenOf(flags, listenAt(own)), accessOf(shown, flags)]);
  await using standby = await startStandby({ access, clock, log }, { listen, anonymous: flags.anonymous ?? 'none' });
  // The container may have led before it was started again.
  await label.takeOff(signal);
  log.info(`${own.podName} stands by at ${standby.address}.`);
  const lease = { namespace: own.namespace, name: SERVE, identity: own.podName };
  await using leadership = await holdLease({ api, clock, debug }, lease, signal);
  log.info(`${own.podName} leads.`);
  // Another leader puts its own label on as soon as it leads: from then on ours may take none off any more.
  const opened = (): Promise<void> => label.putOn(AbortSignal.any([signal, leadership.lost]));
  try {
    await lead(setting, leadership, { ...shown, standby, opened });
  } catch (error) {
    if (!leadership.lost.aborted) throw error;
  } finally {
    await unlabelled(label.takeOff, debug);
  }
  if (leadership.lost.aborted && !signal.aborted) {
    const { reason } = leadership.lost as { readonly reason: unknown };
    const why = messageOf(reason);
    throw new MeshproofError('MPE_LEADERSHIP_LOST', `${own.podName} does not lead any more: ${why}`, { cause: reason });
  }
}

type Shown = Pick<Parameters<typeof serveMonitor>[0], 'access' | 'log' | 'standby' | 'opened'>;

async function lead(
  { flags, session, namespaces, own, cluster }: Setting,
  { lost }: Pick<Leadership, 'lost'>,
  shown: Shown,
): Promise<void> {
  const { log } = shown;
  const { debug } = log;
  const signal = AbortSignal.any([session.signal, lost]);
  await using view = await viewCluster(cluster, { namespaces }, { clock, debug }, signal);
  const declared = await view.current(signal);
  for (const warning of declared.warnings) log.warn(`warning: ${warning}`);
  const missing = missingNamespace(namespaces, declared);
  if (missing !== undefined) log.warn(`warning: ${missing.message}. ${missing.hint}`);
  await using asked = asking(cluster, clock, debug);
  const clusterIp = await clusterIpOf(asked.ask, { namespace: own.namespace, name: SERVE }, signal);
  const chosen = namespaces === 'all' ? 'all' : new Set(namespaces);
  await using launcher = await kubernetesLauncher(
    cluster,
    {
      // What the probes of this installation are known by; there is one in a namespace.
      own: { ...own, sweepId: own.namespace },
      namespaces: chosen,
      hostVantage: flags.hostVantage,
      stays: {
        host: clusterIp,
        clusterIp,
        ...(flags.agentsOutlive !== undefined && { giveUpAfterMs: flags.agentsOutlive }),
      },
    },
    { clock, debug, note: log.info },
    signal,
  );
  await using store = await openStore(flags.store ?? STORE);
  await using sinks = clusterSinks(flags, { ask: asked.ask, clock, debug: log.warn }, own.podName);
  await serveMonitor(
    {
      ...shown,
      source: view,
      launcher,
      store,
      baselines: await openBaselines(flags, session),
      options: optionsOf(flags, own, chosen),
      anonymous: 'none',
      listen: listenAt(own),
      sinks: sinks.all,
      name: `meshproof/${own.namespace}`,
    },
    flags,
    signal,
  );
}

function optionsOf(flags: ServeFlags, own: Own, namespaces: ReadonlySet<string> | 'all') {
  const { minCoverage, failOn, trust: trusted, interval: intervalMs = INTERVAL_MS } = flags;
  return {
    ...CLUSTER_SWEEP_OPTIONS,
    ...{ minCoverage, failOn, trusted, intervalMs, namespaces },
    settleMs: flags.settle ?? CLUSTER_SWEEP_OPTIONS.settleMs,
    attemptsPerSecond: CLUSTER_SWEEP_OPTIONS.attemptsPerSecond ?? Infinity,
    ownNamespace: own.namespace,
    heartbeatIntervalMs: HEARTBEAT_MS,
    lostAfterMs: LOST_AFTER_MS,
  };
}

function listenAt({ host }: Own): string {
  return `${host.includes(':') ? '[::]' : '0.0.0.0'}:${String(WEB_PORT)}`;
}

/** Nobody waits for an API server that is away. */
async function unlabelled(
  takeOff: (signal: AbortSignal) => Promise<void>,
  debug: (message: string) => void,
): Promise<void> {
  const deadline = new Deadline(clock, UNLABELLED_WITHIN_MS, new AbortController().signal);
  try {
    await takeOff(deadline.signal);
  } catch (error) {
    debug(`the label of the leader stays: ${messageOf(error)}`);
  } finally {
    deadline.end();
  }
}
