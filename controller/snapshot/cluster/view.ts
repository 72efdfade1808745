/** The declared and the running state of a cluster, followed as it changes, and frozen whenever somebody asks. */
import type { Clock } from '../../../proto/clock.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import { readMeshConfig } from '../../declared/mesh-config.ts';
import type { Snapshot } from '../../declared/objects.ts';
import { fields, text } from '../../declared/reading.ts';
import { ApiServer } from '../../api-server/api-server.ts';
import type { CollectionDeps } from './collection.ts';
import type { Cluster } from '../../api-server/cluster.ts';
import { controlPlaneNamespaces } from './control-plane.ts';
import { Deadline } from '../../../proto/deadline.ts';
import { servedKinds } from './discovery.ts';
import { doubtsOf, troublesOf } from './doubts.ts';
import { Following } from './following.ts';
import { FrozenState } from './frozen-state.ts';
import { Upkeep } from './upkeep.ts';

export interface ViewOptions {
  /**
   * What rights have to suffice for: `all`, or these namespaces beside those of the control plane. Where rights go
   * further, everything is read all the same: objects of other namespaces can decide, too.
   */
  readonly namespaces: readonly string[] | 'all';
}

export interface ViewDeps {
  readonly clock: Clock;
  readonly debug?: (message: string) => void;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
}

export interface ClusterView extends AsyncDisposable {
  /**
   * What is known now, sorted, with resource versions and a digest; objects of our own that come and go with sweeps are
   * left out. Where the API server fails, waits for it for up to 30 s, and then warns of what is old.
   */
  readonly snapshot: (signal: AbortSignal) => Promise<Snapshot>;
  /**
   * The same without waiting for anybody: what is known, with warnings of what is old. As long as nothing new is known it
   * is the very same object: a new version of an object that says nothing new makes no difference.
   */
  readonly current: (signal: AbortSignal) => Promise<Snapshot>;
  /**
   * When all that is known was last in step with the cluster: now, or when the oldest trouble of now began. Milliseconds
   * since 1970, by the clock as it is set now.
   */
  readonly syncedAtMs: () => number;
}

/** A snapshot waits so long for what cannot be watched at the moment. */
const IN_STEP_WITHIN_MS = 30_000;

/**
 * Resolves when every kind that the cluster serves has been listed once. Throws MPE_NOT_PERMITTED with all that is
 * refused, and MPE_CLUSTER_UNREACHABLE where a list fails for 30 s, or in a way that will not mend itself.
 */
export async function viewCluster(
  cluster: Cluster,
  options: ViewOptions,
  { clock, debug = () => undefined, random = Math.random }: ViewDeps,
  signal: AbortSignal,
): Promise<ClusterView> {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(new ApiServer(cluster, clock));
  const deps: CollectionDeps = { api, clock, debug, random };
  const following = stack.use(new Following(deps));
  let namespaces = await follow(following, options, deps, signal);
  following.throwIfRefused();
  const grow = async (growing: AbortSignal): Promise<void> => {
    namespaces = await follow(following, options, deps, growing);
    following.doWithoutRefused();
  };
  const byName = (asking: AbortSignal): Promise<void> => askByName(following, namespaces ?? [], asking);
  await byName(signal);
  const upkeep = stack.use(new Upkeep({ api, clock, debug, random, grow, askByName: byName }));
  const frozen = new FrozenState(following);
  const kept = stack.move();
  return {
    snapshot: async (asking) => {
      await untilInStep(following, clock, asking);
      await byName(asking);
      return new FrozenState(following).snapshot(doubtsOf(following, upkeep, namespaces ?? []), clock.nowMs());
    },
    current: (asking) => {
      const known = frozen.snapshot(doubtsOf(following, upkeep, namespaces ?? []), clock.nowMs());
      return orAborted(Promise.resolve(known), asking);
    },
    syncedAtMs: () => {
      const sinceMs = troublesOf(following, upkeep).map((trouble) => trouble.sinceMs);
      const nowMs = clock.monotonicMs();
      return clock.nowMs() - (nowMs - Math.min(nowMs, ...sinceMs));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Follows what is served and is not followed yet. The control plane's configuration first: it says which namespace holds
 * for all. Null: no namespaces were chosen.
 */
async function follow(
  following: Following,
  options: ViewOptions,
  deps: CollectionDeps,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const kinds = await servedKinds(deps, signal);
  const controlPlane = await controlPlaneNamespaces(deps, signal);
  const own = kinds.filter(({ scope }) => scope === 'control-plane');
  await Promise.all(own.map((kind) => following.followIn(kind, controlPlane, signal)));
  const { rootNamespace } = readMeshConfig([...following.objects()]);
  const chosen = options.namespaces === 'all' ? null : options.namespaces;
  const namespaces = chosen === null ? null : [...new Set([...chosen, ...controlPlane, rootNamespace])];
  const others = kinds.filter(({ scope }) => scope !== 'control-plane');
  await Promise.all(others.map((kind) => following.followAll(kind, namespaces, signal)));
  return namespaces;
}

async function untilInStep(following: Following, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadline = new Deadline(clock, IN_STEP_WITHIN_MS, signal);
  try {
    await Promise.all([...following.collections].map((collection) => collection.inStep(deadline.signal)));
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.isOver) throw error;
  } finally {
    deadline.end();
  }
}

/** Namespaces that were chosen, and Nodes that pods are on. */
async function askByName(following: Following, namespaces: readonly string[], signal: AbortSignal): Promise<void> {
  for (const named of following.named) {
    await named.refresh(named.kind.kind === 'Namespace' ? namespaces : nodesOf(following), signal);
  }
}

function nodesOf(following: Following): readonly string[] {
  return [...following.objects()].flatMap(({ kind, ['spec']: spec }) =>
    kind === 'Pod' ? (text(fields(spec)['nodeName']) ?? []) : [],
  );
}
