/** A launcher without processes: its agents are fakes that answer each task as a test says. */
import { FakeAgent } from './fake-agent.ts';
import { LOOPBACK_MEETING } from '../../controller/fleet/launcher.ts';
import type {
  ControllerEndpoint,
  DialTarget,
  Launcher,
  LostListener,
  Placement,
} from '../../controller/fleet/launcher.ts';
import type { Snapshot } from '../../controller/snapshot/snapshot.ts';
import type { PlacedVantage } from '../../controller/plan/plan.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { PlannedRoute, Target, Vantage } from '../../proto/vocabulary.ts';
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';

/** Undefined: the attempt is never reported. */
export type Script = (task: PlannedRoute, attempt: number, agent: FakeAgent) => Outcome | undefined;

export interface FakeLauncherOptions {
  readonly places: readonly PlacedVantage[];
  readonly script: Script;
  /** By `targetKey`. @default one address, which nobody dials */
  readonly addresses?: Readonly<Record<string, readonly DialTarget[]>>;
  /** Agents say how many outcomes they have to leave out. @default false */
  readonly saysDrops?: boolean;
  /** Keys of vantages whose agent never comes. */
  readonly absent?: readonly string[];
}

export class FakeLauncher implements Launcher {
  readonly trustDomain = 'cluster.local';
  readonly meeting = LOOPBACK_MEETING;
  readonly agents = new Map<string, FakeAgent>();
  readonly #options: FakeLauncherOptions;
  readonly #listeners = new Set<LostListener>();

  constructor(options: FakeLauncherOptions) {
    this.#options = options;
  }

  readonly place = (snapshot: Snapshot): Placement => ({ snapshot, vantages: this.#options.places });

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly addressesOf = (_vantage: Vantage, target: Target): readonly DialTarget[] =>
    this.#options.addresses?.[targetKey(target)] ?? [{ address: { host: '127.0.0.1', port: 9 } }];

  readonly launch = (vantages: readonly Vantage[], controller: ControllerEndpoint): Promise<void> => {
    for (const vantage of vantages) {
      const id = vantageKey(vantage);
      if (this.#options.absent?.includes(id) === true) controller.joinTokenFor(id, vantage);
      else this.agents.set(id, this.#agent(new FakeAgent(controller, { id, vantage })));
    }
    return Promise.resolve();
  };

  /** As if the agent's process had ended. */
  lose(id: string, why: string): void {
    this.agents.get(id)?.cut();
    for (const listener of this.#listeners) listener(id, why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent[Symbol.asyncDispose]()));
  }

  #agent(agent: FakeAgent): FakeAgent {
    let sequence = 0;
    agent.onRoutes = (tasks) => {
      const attempts = tasks.flatMap((task) =>
        Array.from({ length: task.attempts }, (_, attempt) => {
          const outcome = this.#options.script(task, attempt, agent);
          return { route: task.route, slot: task.slot, attempt, startedAtMs: 0, outcome };
        }),
      );
      const reports = attempts.flatMap(({ outcome, ...place }) =>
        outcome === undefined ? [] : [{ ...place, outcome }],
      );
      const dropped = this.#options.saysDrops === true ? attempts.length - reports.length : 0;
      if (reports.length + dropped > 0) agent.report((sequence += 1), reports, dropped);
    };
    void agent.message('drain').then(
      () => agent.stream.end(),
      () => undefined,
    );
    return agent;
  }
}
