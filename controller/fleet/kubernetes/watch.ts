/** Looks after the pods of a launch until the end: why one does not start, is not where it should be, or has ended. */
import type { Clock } from '../../../proto/clock.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';
import { fields, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { groupBy } from '../../declared/order.ts';
import { fateOfJob, fateOfPod } from './fate.ts';
import type { Fate } from './fate.ts';
import type { ProbeApi } from './probe-api.ts';
import { isOfJob } from './probe-job.ts';

/** A probe whose Job exists. */
export interface WatchedProbe {
  readonly agentId: string;
  readonly vantage: Vantage;
  readonly jobUid: string;
  readonly createdAtMs: number;
  /** From the start of its container until its agent says Hello. @default 15 s */
  readonly joinWithinMs?: number;
}

export interface ProbeWatchDeps {
  /** Those that are not lost. */
  readonly probes: () => readonly WatchedProbe[];
  readonly api: Pick<ProbeApi, 'podsOfSweep' | 'warnings'>;
  readonly clock: Clock;
  readonly sweepId: string;
  readonly debug: (message: string) => void;
  readonly hasJoined: (agentId: string) => boolean;
  /** Why an agent that runs may not get to its controller, as far as anything declared says so. */
  readonly isolation: (probe: WatchedProbe) => string | undefined;
  /** Where it should have dialled; for a sentence. */
  readonly meetingPoint: string;
  /** It is no longer one of `probes` when this returns. */
  readonly lost: (agentId: string, why: string) => void;
}

/** While somebody is awaited, and when all have come: the end of a stream tells more, and sooner. */
const POLL_MS = 1_000;
const SLOW_POLL_MS = 5_000;
/** A pod that comes up undisturbed is running by then; events are asked for only where it is not. */
const UNDISTURBED_MS = 2_000;
/** From the start of its container until an agent says Hello: a second or two, more on a node that is busy. */
const JOIN_WITHIN_MS = 15_000;
const JOIN_ISOLATED_WITHIN_MS = 4_000;

interface Suspicion {
  readonly what: string;
  readonly sinceMs: number;
}

/**
 * Polls one list of pods a namespace, which a lost answer does not disturb, where a watch would have to be resumed. Ends
 * with the signal; never rejects otherwise: what cannot be read now is read again.
 */
export class ProbeWatch {
  readonly #deps: ProbeWatchDeps;
  /** What may pass by itself, since when. */
  readonly #suspicions = new Map<string, Suspicion>();

  constructor(deps: ProbeWatchDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        await this.look(signal);
        const isSettled = this.#deps.probes().every(({ agentId }) => this.#deps.hasJoined(agentId));
        await clock.sleep(isSettled ? SLOW_POLL_MS : POLL_MS, signal);
      } catch (error) {
        if (!isOver()) throw error;
      }
    }
  }

  /** Once, at all probes. */
  async look(signal: AbortSignal): Promise<void> {
    const probes = this.#deps.probes();
    const watched = new Set(probes.map(({ agentId }) => agentId));
    for (const agentId of this.#suspicions.keys()) if (!watched.has(agentId)) this.#suspicions.delete(agentId);
    const byNamespace = groupBy(probes, ({ vantage }) => vantage.namespace);
    await Promise.all([...byNamespace].map(([namespace, there]) => this.#lookIn(namespace, there, signal)));
  }

  async #lookIn(namespace: string, probes: readonly WatchedProbe[], signal: AbortSignal): Promise<void> {
    const { api, sweepId, debug } = this.#deps;
    try {
      const pods = await api.podsOfSweep(namespace, sweepId, signal);
      await Promise.all(
        probes.map(async (probe) => {
          const pod = pods.find((candidate) => isOfJob(candidate, probe.jobUid));
          this.#consider(probe, await this.#fateOf(probe, pod, signal));
        }),
      );
    } catch (error) {
      signal.throwIfAborted();
      debug(`probe pods in namespace ${namespace} cannot be looked at now: ${String(error)}`);
    }
  }

  async #fateOf(probe: WatchedProbe, pod: Fields | undefined, signal: AbortSignal): Promise<Fate> {
    const { api, clock, hasJoined } = this.#deps;
    const { agentId, vantage } = probe;
    const isEarly = clock.monotonicMs() - probe.createdAtMs < UNDISTURBED_MS;
    if (pod === undefined) {
      if (hasJoined(agentId)) return { kind: 'ended', why: 'its pod was deleted' };
      return isEarly ? { kind: 'starting' } : fateOfJob(await api.warnings(vantage.namespace, 'Job', agentId, signal));
    }
    const fate = fateOfPod(pod, [], vantage.dataPlane);
    if (fate.kind !== 'starting' || isEarly) return fate;
    const name = text(fields(pod, 'metadata')['name']) ?? '';
    return fateOfPod(pod, await api.warnings(vantage.namespace, 'Pod', name, signal), vantage.dataPlane);
  }

  #consider(probe: WatchedProbe, fate: Fate): void {
    const { agentId } = probe;
    switch (fate.kind) {
      case 'starting':
        this.#suspicions.delete(agentId);
        break;
      case 'running':
        this.#considerSilence(probe);
        break;
      case 'stuck':
        // A sidecar that cannot reach its control plane does not let the agent start.
        if (this.#hasLasted(agentId, 'stuck', fate.graceMs)) {
          this.#lose(agentId, [fate.why, this.#deps.isolation(probe) ?? ''].filter((part) => part !== '').join('. '));
        }
        break;
      case 'ended':
      case 'misplaced':
        this.#lose(agentId, fate.why);
        break;
    }
  }

  #considerSilence(probe: WatchedProbe): void {
    const { hasJoined, isolation, meetingPoint } = this.#deps;
    const { agentId, joinWithinMs = JOIN_WITHIN_MS } = probe;
    if (hasJoined(agentId)) return;
    const isolated = isolation(probe);
    if (!this.#hasLasted(agentId, 'silent', isolated === undefined ? joinWithinMs : JOIN_ISOLATED_WITHIN_MS)) return;
    this.#lose(agentId, isolated ?? `its pod runs, but its agent has not come to its controller at ${meetingPoint}`);
  }

  #hasLasted(agentId: string, what: string, graceMs: number): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    const before = this.#suspicions.get(agentId);
    const suspicion = before?.what === what ? before : { what, sinceMs: nowMs };
    this.#suspicions.set(agentId, suspicion);
    return nowMs - suspicion.sinceMs >= graceMs;
  }

  #lose(agentId: string, why: string): void {
    this.#suspicions.delete(agentId);
    this.#deps.lost(agentId, why);
  }
}
