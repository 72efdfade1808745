/** The declared and the running state of a cluster, followed as it changes, and frozen whenever somebody asks. */
import type { Clock } from '../../../proto/clock.ts';
import { readMeshConfig } from '../../declared/mesh-config.ts';
import type { Snapshot } from '../../declared/objects.ts';
import { fields, text } from '../../declared/reading.ts';
import { snapshotOf } from '../files.ts';
import { ApiServer } from './api-server.ts';
import { describeScope } from './collection.ts';
import type { CollectionDeps } from './collection.ts';
import type { Cluster } from './connect.ts';
import { controlPlaneNamespaces } from './control-plane.ts';
import { Deadline } from './deadline.ts';
import { servedKinds } from './discovery.ts';
import { Following } from './following.ts';
import type { ServedKind } from './kinds.ts';
import { describeTrouble } from './trouble.ts';

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
  const kinds = await servedKinds(deps, signal);
  const following = stack.use(new Following(deps));
  const namespaces = await start(following, kinds, options, deps, signal);
  const kept = stack.move();
  return {
    snapshot: (snapshotSignal) => frozenNow(following, namespaces, clock, snapshotSignal),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The control plane's configuration first: it says which namespace holds for all. Null: no namespaces were chosen. */
async function start(
  following: Following,
  kinds: readonly ServedKind[],
  options: ViewOptions,
  deps: CollectionDeps,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const controlPlane = await controlPlaneNamespaces(deps, signal);
  const own = kinds.filter(({ scope }) => scope === 'control-plane');
  await Promise.all(own.map((kind) => following.followIn(kind, controlPlane, signal)));
  const { rootNamespace } = readMeshConfig([...following.objects()]);
  const chosen = options.namespaces === 'all' ? null : options.namespaces;
  const namespaces = chosen === null ? null : [...new Set([...chosen, ...controlPlane, rootNamespace])];
  const others = kinds.filter(({ scope }) => scope !== 'control-plane');
  await Promise.all(others.map((kind) => following.followAll(kind, namespaces, signal)));
  following.throwIfRefused();
  return namespaces;
}

async function frozenNow(
  following: Following,
  namespaces: readonly string[] | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<Snapshot> {
  const old = await untilInStep(following, clock, signal);
  await askByName(following, namespaces ?? [], signal);
  const { objects, digest, warnings } = snapshotOf([...following.objects()]);
  return Object.freeze({
    objects: Object.freeze(objects),
    digest,
    warnings: Object.freeze([...warnings, ...old, ...narrownessOf(following, namespaces ?? [])]),
    takenAtMs: clock.nowMs(),
  });
}

/** A warning for each collection that the API server does not let us follow. */
async function untilInStep(following: Following, clock: Clock, signal: AbortSignal): Promise<readonly string[]> {
  const deadline = new Deadline(clock, IN_STEP_WITHIN_MS, signal);
  try {
    await Promise.all([...following.collections].map((collection) => collection.inStep(deadline.signal)));
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.isOver) throw error;
  } finally {
    deadline.end();
  }
  return [...following.collections].flatMap(({ scope, trouble }) => {
    if (trouble === null) return [];
    const seconds = String(Math.round((clock.monotonicMs() - trouble.sinceMs) / 1000));
    const what = `what is known of ${describeScope(scope)} may be ${seconds} s old`;
    return [`${what}: the API server says ${describeTrouble(trouble.last)}`];
  });
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

function narrownessOf(following: Following, namespaces: readonly string[]): readonly string[] {
  const { narrowed, unread, named } = following;
  const seen = namespaces.join(', ');
  const of = (kinds: readonly string[]): string => kinds.join(', ');
  return [
    ...(narrowed.length > 0 ? [`only namespaces ${seen} may be read: ${of(narrowed)} of others may decide, too`] : []),
    ...(unread.length > 0 ? [`${of(unread)} may not be read: what they say is not known`] : []),
    ...named
      .filter(({ refused }) => refused.length > 0)
      .map(
        ({ kind, refused }) => `${kind.kind} ${refused.join(', ')} may not be read: labels and addresses are not known`,
      ),
  ];
}
