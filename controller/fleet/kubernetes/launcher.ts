/** Agents for a cluster: a probe pod for each vantage, in the vantage's own namespace and under its own account. */
import pLimit from 'p-limit';
import type { Clock } from '../../../proto/clock.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import type { Target, Vantage } from '../../../proto/vocabulary.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import type { Snapshot } from '../../declared/objects.ts';
import type { Fields } from '../../declared/reading.ts';
import type { Cluster } from '../../snapshot/cluster/connect.ts';
import { CONTROLLER_PORT } from '../../install/names.ts';
import { addressesIn } from './addresses.ts';
import { isolationOf } from './isolation.ts';
import { excludedRangesIn, meshAccessIn } from './mesh-access.ts';
import { declaredController, ownerOf, templateOf } from './own-pod.ts';
import type { OwnPlace } from './own-pod.ts';
import { placeProbes } from './placement.ts';
import type { PlacedProbe, ProbePlacement } from './placement.ts';
import { probeApi } from './probe-api.ts';
import type { Created, ProbeApi } from './probe-api.ts';
import { probeJob } from './probe-job.ts';
import { KubernetesApi } from './request.ts';
import { requireRights } from './rights.ts';
import { podTokenCheck } from './token-check.ts';
import type { AwaitedAgent, ReadToken } from './token-check.ts';
import { tokenReader } from './token-reader.ts';
import { ProbeWatch } from './watch.ts';
import type { WatchedProbe } from './watch.ts';
import type { ControllerEndpoint, DialTarget, Launcher, LostListener, Meeting, Placement } from '../launcher.ts';

export interface KubernetesLauncherOptions {
  /** The pod that this process runs in, and the sweep that it is there for. */
  readonly own: OwnPlace;
  /** Whose workloads are callers; `all` is without Kubernetes' own namespaces and the mesh's. */
  readonly namespaces: ReadonlySet<string> | 'all';
  /** @default false */
  readonly hostVantage?: boolean;
  /** After this the probe pods are ended by Kubernetes, whatever has become of us. @default 15 minutes */
  readonly deadlineMs?: number;
  /** @default 7443 */
  readonly port?: number;
}

export interface KubernetesLauncherDeps {
  readonly clock: Clock;
  readonly debug: (message: string) => void;
  /** For the person who has started the sweep. */
  readonly note: (message: string) => void;
}

const DEADLINE_MS = 900_000;
/** How long an API server that does not answer is borne. */
const PATIENCE_MS = 20_000;
/** Of all deletions together; what is not deleted by then goes by its deadline. */
const DELETE_WITHIN_MS = 10_000;
const AT_A_TIME = 8;
/** Well below the ten seconds after which agent and session give each other up. */
const NETWORK_SETTLES_WITHIN_MS = 4_000;

/**
 * Reads our own pod, for the image and what else its probes take over. Rejects with MPE_NOT_PERMITTED where tokens can be
 * checked in no way, and as `KubernetesApi.ask`.
 */
export async function kubernetesLauncher(
  cluster: Cluster,
  options: KubernetesLauncherOptions,
  deps: KubernetesLauncherDeps,
  signal: AbortSignal,
): Promise<KubernetesLauncher> {
  const api = probeApi(new KubernetesApi(cluster, deps.clock, { patienceMs: PATIENCE_MS }));
  const { own } = options;
  const pod = await api.pod(own.namespace, own.podName, signal);
  if (pod === undefined) {
    throw new MeshproofError(
      'MPE_INVALID_CONFIG',
      `there is no pod ${own.namespace}/${own.podName}, which we should be`,
    );
  }
  return new KubernetesLauncher(api, pod, await tokenReader(api, deps, signal), options, deps);
}

interface Probe extends PlacedProbe {
  readonly created: Promise<Created>;
  hasJoined: boolean;
}

export class KubernetesLauncher implements Launcher {
  readonly meeting: Meeting;
  readonly #api: ProbeApi;
  readonly #ownPod: Fields;
  readonly #options: KubernetesLauncherOptions;
  readonly #deps: KubernetesLauncherDeps;
  readonly #listeners = new Set<LostListener>();
  /** The latest. */
  #placement: ProbePlacement | undefined;
  #placements = 0;
  /** Of all launches, by agent id. */
  readonly #probes = new Map<string, Probe>();
  readonly #stop = new AbortController();
  readonly #watches: Promise<void>[] = [];

  constructor(
    api: ProbeApi,
    ownPod: Fields,
    read: ReadToken,
    options: KubernetesLauncherOptions,
    deps: KubernetesLauncherDeps,
  ) {
    this.#api = api;
    this.#ownPod = ownPod;
    this.#options = options;
    this.#deps = deps;
    const { host } = options.own;
    this.meeting = {
      listen: { host: host.includes(':') ? '::' : '0.0.0.0', port: options.port ?? CONTROLLER_PORT },
      host,
      tokens: podTokenCheck({
        read,
        api,
        clock: deps.clock,
        awaited: (agentId) => this.#awaited(agentId),
        joined: (agentId) => {
          const probe = this.#probes.get(agentId);
          if (probe !== undefined) probe.hasJoined = true;
        },
        settleMs: () => (this.#placement?.mesh.networkPolicies.size === 0 ? 0 : NETWORK_SETTLES_WITHIN_MS),
        misplaced: (agentId, why) => {
          this.#lose(agentId, why);
        },
      }),
    };
  }

  get trustDomain(): string {
    return this.#placement?.mesh.trustDomain ?? 'cluster.local';
  }

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The probes are placed in the declared state as pods that are to be, under names that stay the same in every sweep. */
  readonly place = (snapshot: Snapshot): Placement => {
    this.#placements += 1;
    const { own, namespaces, hostVantage = false } = this.#options;
    this.#placement = placeProbes(snapshot, declaredController(this.#ownPod, own), {
      namespaces,
      hostVantage,
      ownNamespace: own.namespace,
      sweepId: own.sweepId,
      placement: this.#placements,
      controllerHost: own.host,
      excludedRanges: excludedRangesIn(snapshot),
    });
    const { probes, snapshot: placed } = this.#placement;
    const vantages = probes.map(({ place: { vantage, name } }) => {
      return { vantage, workload: `${vantage.namespace}/${name}` };
    });
    return { snapshot: placed, vantages };
  };

  readonly launch = async (
    vantages: readonly Vantage[],
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<void> => {
    const placement = this.#placement;
    if (placement === undefined) throw new TypeError('nothing has been placed');
    const wanted = new Set(vantages.map(vantageKey));
    const placed = placement.probes.filter(({ place }) => wanted.has(vantageKey(place.vantage)));
    for (const { agentId, place } of placed) controller.expect(agentId, place.vantage);
    for (const { agentId, hindrance } of placed) if (hindrance !== undefined) this.#lose(agentId, hindrance);
    const able = placed.filter(({ hindrance }) => hindrance === undefined);
    await requireRights(this.#api, [...new Set(able.map(({ place }) => place.vantage.namespace))], signal);
    const limit = pLimit(AT_A_TIME);
    const until = AbortSignal.any([signal, this.#stop.signal]);
    const started = able.map((probe) => {
      return this.#start(probe, () =>
        limit(() => this.#api.createJob(this.#jobFor(probe, placement, controller), until)),
      );
    });
    // All of them settle first: what was asked for has to be known before anything of it can be deleted.
    const settled = await Promise.allSettled(started);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    const watched = settled.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : []));
    this.#watches.push(this.#watch(watched, placement, controller));
  };

  readonly addressesOf = (_vantage: Vantage, target: Target): readonly DialTarget[] =>
    this.#placement === undefined ? [] : addressesIn(this.#placement.mesh, target);

  /** Asks for the end of every probe pod that was ever asked for, and does not wait until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
    const { clock } = this.#deps;
    const isDone = new AbortController();
    const late = new AbortController();
    const bound = clock.sleep(DELETE_WITHIN_MS, isDone.signal).then(
      () => {
        late.abort(new Error(`not done within ${String(DELETE_WITHIN_MS / 1000)} s`));
      },
      () => undefined,
    );
    const limit = pLimit(2 * AT_A_TIME);
    await Promise.all([...this.#probes.values()].map((probe) => limit(() => this.#remove(probe, late.signal))));
    isDone.abort();
    await bound;
  }

  /** Undefined where the cluster would not have it; that is said already. */
  async #start(placed: PlacedProbe, create: () => Promise<Created>): Promise<WatchedProbe | undefined> {
    const { agentId, place } = placed;
    const { vantage } = place;
    const created = create();
    this.#probes.set(agentId, { ...placed, created, hasJoined: false });
    const answer = await created;
    if (answer.kind === 'rejected') {
      this.#lose(agentId, `its Job was not admitted: ${answer.why}`);
      return undefined;
    }
    return { agentId, vantage, jobUid: answer.uid, createdAtMs: this.#deps.clock.monotonicMs() };
  }

  #jobFor({ agentId, place }: PlacedProbe, { mesh, snapshot }: ProbePlacement, controller: ControllerEndpoint): Fields {
    const { own, deadlineMs = DEADLINE_MS } = this.#options;
    const isInOwnNamespace = place.vantage.namespace === own.namespace;
    return probeJob(place, {
      agentId,
      sweepId: own.sweepId,
      controllerHost: own.host,
      excludedRanges: excludedRangesIn(snapshot),
      controller,
      mesh: meshAccessIn(mesh, place.vantage),
      template: templateOf(this.#ownPod),
      deadlineSeconds: Math.ceil(deadlineMs / 1000),
      ...(isInOwnNamespace && { owner: ownerOf(this.#ownPod) }),
    });
  }

  async #awaited(agentId: string): Promise<AwaitedAgent | undefined> {
    const probe = this.#probes.get(agentId);
    if (probe === undefined) return undefined;
    const created = await probe.created;
    return created.kind === 'created' ? { vantage: probe.place.vantage, jobUid: created.uid } : undefined;
  }

  #watch(
    probes: readonly WatchedProbe[],
    { mesh, probes: placed }: ProbePlacement,
    controller: ControllerEndpoint,
  ): Promise<void> {
    const { clock, debug } = this.#deps;
    const { own } = this.#options;
    const { host, port } = controller.address;
    const watch = new ProbeWatch(probes, {
      api: this.#api,
      clock,
      debug,
      sweepId: own.sweepId,
      meetingPoint: `${host}:${String(port)}`,
      hasJoined: (agentId) => this.#probes.get(agentId)?.hasJoined === true,
      isolation: ({ agentId, vantage }) => {
        const name = placed.find((probe) => probe.agentId === agentId)?.place.name ?? '';
        return isolationOf(mesh, `${vantage.namespace}/${name}`, { ...own, address: controller.address });
      },
      lost: (agentId, why) => {
        this.#lose(agentId, why);
      },
    });
    return watch.run(this.#stop.signal);
  }

  #lose(agentId: string, why: string): void {
    this.#deps.debug(`agent ${agentId} is lost: ${why}`);
    for (const listener of this.#listeners) listener(agentId, why);
  }

  /** A creation whose answer was lost, or that was cut short, may have come about all the same. */
  async #remove({ agentId, place }: Probe, signal: AbortSignal): Promise<void> {
    const { namespace } = place.vantage;
    try {
      await this.#api.deleteJob(namespace, agentId, signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#deps.note(`Job ${namespace}/${agentId} could not be deleted (${why}); it ends by its own deadline`);
    }
  }
}
