/** A launcher of agents that attempt their plans all the time, without processes, and show what a test says. */
import { LOOPBACK_MEETING } from '../../controller/fleet/launcher.ts';
import type {
  ControllerEndpoint,
  DialTarget,
  Launcher,
  LostListener,
  Meeting,
  Placement,
} from '../../controller/fleet/launcher.ts';
import type { PlacedVantage } from '../../controller/plan/plan.ts';
import type { Snapshot } from '../../controller/snapshot/snapshot.ts';
import { orAborted } from '../../proto/or-aborted.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Target, Vantage } from '../../proto/vocabulary.ts';
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';
import { SpoolingAgent } from './spooling-agent.ts';

export interface PulsingOptions {
  readonly places: readonly PlacedVantage[];
  /** What an attempt shows, by `vantageKey` and `targetKey`. */
  readonly truth: (vantage: string, target: string, slot: number) => Outcome;
  /** How often everything is attempted. @default 250 */
  readonly pulseMs?: number;
  /** Keys of targets at which nothing is. */
  readonly unplaced?: ReadonlySet<string>;
  readonly nowMs?: () => number;
}

export class PulsingLauncher implements Launcher {
  readonly trustDomain = 'cluster.local';
  readonly meeting: Meeting = LOOPBACK_MEETING;
  /** By `vantageKey`: of the latest launch. */
  readonly agents = new Map<string, SpoolingAgent>();
  /** By `vantageKey`: how often an agent was started. */
  readonly launches = new Map<string, number>();
  places: readonly PlacedVantage[];
  /** Of the latest launch. */
  endpoint: ControllerEndpoint | undefined;
  /** Launches reject with this. */
  fault: Error | undefined;
  /** Launches wait for this. */
  hang: Promise<unknown> | undefined;
  /** Agents that are started do not come. */
  isBarred = false;
  readonly #options: PulsingOptions;
  readonly #listeners = new Set<LostListener>();
  readonly #targets = new Map<number, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: PulsingOptions) {
    this.#options = options;
    this.places = options.places;
    this.#timer = setInterval(() => {
      for (const agent of this.agents.values()) agent.pulse();
    }, options.pulseMs ?? 250);
  }

  readonly place = (snapshot: Snapshot): Placement => ({ snapshot, vantages: this.places });

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** One address a target, which nobody dials. */
  readonly addressesOf = (_vantage: Vantage, target: Target): readonly DialTarget[] => {
    const key = targetKey(target);
    if (this.#options.unplaced?.has(key) === true) return [];
    const known = [...this.#targets].find(([, name]) => name === key)?.[0];
    const port = known ?? this.#targets.size + 1;
    this.#targets.set(port, key);
    return [{ address: { host: '127.0.0.1', port } }];
  };

  readonly launch = async (
    vantages: readonly Vantage[],
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<void> => {
    this.endpoint = controller;
    if (this.hang !== undefined) await orAborted(this.hang, signal);
    if (this.fault !== undefined) throw this.fault;
    for (const vantage of vantages) {
      const key = vantageKey(vantage);
      const count = (this.launches.get(key) ?? 0) + 1;
      this.launches.set(key, count);
      const id = `${vantage.serviceAccount}-${String(count)}`;
      if (this.isBarred) controller.joinTokenFor(id, vantage);
      else this.#start(id, vantage, controller);
    }
  };

  /** As if the process of the vantage's agent had ended. */
  lose(vantage: string, why: string): void {
    const agent = this.agents.get(vantage);
    if (agent === undefined) throw new Error(`no agent of ${vantage}`);
    this.agents.delete(vantage);
    agent.cut();
    for (const listener of this.#listeners) listener(agent.options.id, why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.agents.values()].map((agent) => agent[Symbol.asyncDispose]()));
  }

  #start(id: string, vantage: Vantage, controller: ControllerEndpoint): void {
    const key = vantageKey(vantage);
    const agent = new SpoolingAgent({
      id,
      vantage,
      nowMs: this.#options.nowMs ?? Date.now,
      outcome: (task, slot) => {
        const target = this.#targets.get(task.addresses[0]?.port ?? 0) ?? '';
        return this.#options.truth(key, target, slot);
      },
    });
    this.agents.set(key, agent);
    void agent.dial(controller);
  }
}
