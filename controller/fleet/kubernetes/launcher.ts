/** Agents for a cluster: a probe pod for each vantage, in the vantage's own namespace and under its own account. */
import { randomUUID } from 'node:crypto';
import { MeshproofError, messageOf } from '../../../proto/errors.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import type { Target, Vantage } from '../../../proto/vocabulary.ts';
import { addressText, vantageKey } from '../../../proto/vocabulary.ts';
import type { Snapshot } from '../../declared/objects.ts';
import type { Fields } from '../../declared/reading.ts';
import type { Cluster } from '../../api-server/cluster.ts';
import { CONTROLLER_PORT } from '../../install/names.ts';
import { addressesIn } from './addresses.ts';
import { isolationOf } from './isolation.ts';
import { excludedRangesIn } from './mesh-access.ts';
import { declaredController } from './own-pod.ts';
import { placeProbes } from './placement.ts';
import type { PlacedProbe, ProbePlacement } from './placement.ts';
import { probeApi } from './probe-api.ts';
import type { ProbeApi } from './probe-api.ts';
import { agentIdOf, madeAs } from './probe-job.ts';
import { dialledHost, jobFor } from './probe-making.ts';
import type { ProbeMaking } from './probe-making.ts';
import type { KubernetesLauncherDeps, KubernetesLauncherOptions } from './launcher-options.ts';
import { ProbeJobs } from './probe-jobs.ts';
import { formerJobs } from './former-jobs.ts';
import type { ProbePlace } from './places.ts';
import { KubernetesApi } from '../../api-server/kubernetes-api.ts';
import { requireRights } from './rights.ts';
import { podTokenCheck } from './token-check.ts';
import type { AwaitedAgent, ReadToken } from './token-check.ts';
import { tokenReader } from './token-reader.ts';
import { ProbeWatch } from './watch.ts';
import type { ControllerEndpoint, DialTarget, Launcher, LostListener, Meeting, Placement } from '../launcher.ts';

const DEADLINE_MS = 900_000;
/** How long an API server that does not answer is borne. */
const PATIENCE_MS = 20_000;
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

interface StartedProbe extends PlacedProbe {
  readonly agentId: string;
}

export class KubernetesLauncher implements Launcher {
  readonly meeting: Meeting;
  readonly #api: ProbeApi;
  readonly #options: KubernetesLauncherOptions;
  readonly #making: ProbeMaking;
  readonly #deps: KubernetesLauncherDeps;
  readonly #listeners = new Set<LostListener>();
  readonly #jobs: ProbeJobs;
  readonly #stop = new AbortController();
  /** Of this launcher: the names of its Jobs are like nobody else's. */
  readonly #id = randomUUID();
  #launches = 0;
  /** The latest. */
  #placement: ProbePlacement | undefined;
  /** Resolves when what a former controller left is taken over. */
  readonly #adopted = Promise.withResolvers<undefined>();
  #hasAdopted = false;
  #watching: Promise<void> | undefined;

  constructor(
    api: ProbeApi,
    ownPod: Fields,
    read: ReadToken,
    options: KubernetesLauncherOptions,
    deps: KubernetesLauncherDeps,
  ) {
    this.#api = api;
    const { own, stays, deadlineMs = DEADLINE_MS } = options;
    this.#options = options;
    this.#making = { own, ownPod, stays, deadlineMs };
    this.#deps = deps;
    this.#jobs = new ProbeJobs({ api, ...deps });
    this.meeting = {
      listen: { host: own.host.includes(':') ? '::' : '0.0.0.0', port: options.port ?? CONTROLLER_PORT },
      host: stays?.host ?? own.host,
      tokens: podTokenCheck({
        read,
        api,
        clock: deps.clock,
        awaited: (agentId, signal) => this.#awaited(agentId, signal),
        joined: (agentId) => {
          this.#jobs.joined(agentId);
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
    const { own, namespaces, hostVantage = false } = this.#options;
    this.#placement = placeProbes(snapshot, declaredController(this.#making.ownPod, own), {
      namespaces,
      hostVantage,
      ownNamespace: own.namespace,
      sweepId: own.sweepId,
      controllerHost: dialledHost(this.#making),
      excludedRanges: excludedRangesIn(snapshot),
    });
    const { probes, snapshot: placed } = this.#placement;
    const vantages = probes.map(({ place: { vantage, name } }) => {
      return { vantage, workload: `${vantage.namespace}/${name}` };
    });
    return { snapshot: placed, vantages };
  };

  /**
   * What a former controller left for these vantages is taken over where it would be made no differently now; whatever
   * else it left is deleted. Rejects as `ProbeApi`; the vantages whose Job nobody knows about are lost then.
   */
  readonly launch = async (
    vantages: readonly Vantage[],
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<void> => {
    const placement = this.#placement;
    if (placement === undefined) throw new TypeError('nothing has been placed');
    const until = AbortSignal.any([signal, this.#stop.signal]);
    const wanted = new Set(vantages.map(vantageKey));
    const placed = placement.probes.filter(({ place }) => wanted.has(vantageKey(place.vantage)));
    const able = placed.filter(({ hindrance }) => hindrance === undefined);
    await requireRights(this.#api, [...new Set(able.map(({ place }) => place.vantage.namespace))], until);
    const adopted = await this.#adopt(placed, placement, controller, until);
    const starts = placed
      .filter(({ place }) => !adopted.has(place))
      .map((probe) => ({ ...probe, agentId: this.#nextIdOf(probe.place.vantage) }));
    const replaced = starts.flatMap(({ place }) => this.#jobs.of(place.vantage));
    for (const { agentId } of replaced) this.#lose(agentId, 'another one takes its place');
    for (const { agentId, place } of starts) controller.expect(agentId, place.vantage);
    for (const { agentId, hindrance } of starts) if (hindrance !== undefined) this.#tellLost(agentId, hindrance);
    await this.#jobs.remove(replaced);
    const started = starts
      .filter(({ hindrance }) => hindrance === undefined)
      .map((probe) => this.#start(probe, jobFor(probe, placement, controller, this.#making), until));
    // All of them settle first: what was asked for has to be known before anything of it can be deleted.
    const settled = await Promise.allSettled(started);
    this.#watching ??= this.#watch(controller);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  };

  readonly retire = (vantages: readonly Vantage[]): Promise<void> =>
    this.#jobs.remove(vantages.flatMap((vantage) => this.#jobs.of(vantage)));

  readonly addressesOf = (_vantage: Vantage, target: Target): readonly DialTarget[] =>
    this.#placement === undefined ? [] : addressesIn(this.#placement.mesh, target);

  /** Asks for the end of every probe pod that was ever asked for, but for those that stay, and does not wait for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#adopted.resolve(undefined);
    await this.#watching;
    if (this.#options.stays === undefined) await this.#jobs.remove(this.#jobs.all());
  }

  /** Once, at the first launch. Answers the places whose probes are there. */
  async #adopt(
    placed: readonly PlacedProbe[],
    placement: ProbePlacement,
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<ReadonlySet<ProbePlace>> {
    const { own, stays, namespaces } = this.#options;
    const adopted = new Set<ProbePlace>();
    if (stays === undefined || this.#hasAdopted) return adopted;
    const where = namespaces === 'all' ? 'all' : new Set([...namespaces, own.namespace]);
    const left = new Set(await formerJobs(this.#api, own.sweepId, where, signal));
    for (const { place, hindrance } of placed) {
      const now = madeAs(jobFor({ place, agentId: '' }, placement, controller, this.#making));
      const former = [...left].find((one) => one.namespace === place.vantage.namespace && one.madeAs === now);
      if (former === undefined || hindrance !== undefined) continue;
      left.delete(former);
      adopted.add(place);
      this.#jobs.adopt(former, place.vantage);
      controller.expect(former.name, place.vantage);
      this.#deps.debug(`agent ${former.name} of a former controller is taken over`);
    }
    this.#hasAdopted = true;
    this.#adopted.resolve(undefined);
    await this.#jobs.delete([...left]);
    return adopted;
  }

  #nextIdOf(vantage: Vantage): string {
    this.#launches += 1;
    return agentIdOf(vantage, this.#options.own.sweepId, `${this.#id} ${String(this.#launches)}`);
  }

  /** That the cluster would not have it is the vantage's trouble alone. */
  async #start({ agentId, place }: StartedProbe, job: Fields, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#jobs.create(agentId, place.vantage, job, signal);
      if (answer.kind === 'rejected') this.#lose(agentId, `its Job was not admitted: ${answer.why}`);
    } catch (error) {
      this.#lose(agentId, `its Job may not have come about: ${messageOf(error)}`);
      throw error;
    }
  }

  /** An agent that is there already when its controller comes is not turned away before it is known. */
  async #awaited(agentId: string, signal: AbortSignal): Promise<AwaitedAgent | undefined> {
    if (this.#options.stays !== undefined) await orAborted(this.#adopted.promise, signal);
    const probe = this.#jobs.find(agentId);
    if (probe === undefined) return undefined;
    const created = await probe.created;
    return created.kind === 'created' ? { vantage: probe.vantage, jobUid: created.uid } : undefined;
  }

  #watch({ address }: ControllerEndpoint): Promise<void> {
    const { clock, debug } = this.#deps;
    const { own } = this.#options;
    const watch = new ProbeWatch({
      probes: () => this.#jobs.watched(),
      api: this.#api,
      clock,
      debug,
      sweepId: own.sweepId,
      meetingPoint: addressText(address),
      hasJoined: (agentId) => this.#jobs.find(agentId)?.hasJoined === true,
      isolation: ({ vantage }) => {
        const { mesh, probes = [] } = this.#placement ?? {};
        const key = vantageKey(vantage);
        const name = probes.find(({ place }) => vantageKey(place.vantage) === key)?.place.name;
        if (mesh === undefined || name === undefined) return undefined;
        // Policies see the pod behind the Service.
        const controller = { ...own, address: { host: own.host, port: address.port } };
        return isolationOf(mesh, `${vantage.namespace}/${name}`, controller);
      },
      lost: (agentId, why) => {
        this.#lose(agentId, why);
      },
    });
    return watch.run(this.#stop.signal);
  }

  #lose(agentId: string, why: string): void {
    if (this.#jobs.lose(agentId)) this.#tellLost(agentId, why);
  }

  #tellLost(agentId: string, why: string): void {
    this.#deps.debug(`agent ${agentId} is lost: ${why}`);
    for (const listener of this.#listeners) listener(agentId, why);
  }
}
