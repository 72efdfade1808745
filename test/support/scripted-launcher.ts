/** A launcher whose agents report what a test says, batch by batch, over real streams. */
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
import type { OutcomeBatch } from '../../proto/gen/meshproof/v1/session.ts';
import type { Outcome, Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Target, Vantage } from '../../proto/vocabulary.ts';
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';
import { batchToWire } from '../../proto/wire.ts';
import { FIT, FakeAgent } from './fake-agent.ts';
import type { FakeAgentOptions } from './fake-agent.ts';

/** What one agent is told at a time, and what it can do about it. */
export interface Turn {
  /** From 1, for each agent. */
  readonly round: number;
  /** With true outcomes. */
  readonly reports: readonly Report[];
  readonly send: (reports: readonly Report[], batch?: Partial<OutcomeBatch>) => void;
  /** The process ends. */
  readonly die: () => void;
  readonly cut: () => void;
  /** A stream of the same agent, or of what says to be; it is told the whole plan, and its turns come here too. */
  readonly dial: (options?: Partial<FakeAgentOptions>) => FakeAgent;
  /** The process ends, and another one takes its place, with a token of its own. */
  readonly restart: () => void;
}

export interface Scripted {
  readonly places: readonly PlacedVantage[];
  /** What an attempt shows, by `vantageKey` and `targetKey`. */
  readonly truth: (vantage: string, target: string) => Outcome;
  readonly play: (vantage: string, turn: Turn) => void;
  /** Keys of vantages whose agent never comes. */
  readonly absent: readonly string[];
  /** Keys of targets at which nothing is. */
  readonly unplaced: readonly string[];
}

interface Seat {
  readonly id: string;
  readonly vantage: Vantage;
  readonly token: string;
  round: number;
  sequence: number;
}

export class ScriptedLauncher implements Launcher {
  readonly trustDomain = 'cluster.local';
  readonly meeting = LOOPBACK_MEETING;
  readonly #scripted: Scripted;
  readonly #agents: FakeAgent[] = [];
  readonly #listeners = new Set<LostListener>();
  /** By the port that is dialled, which nobody listens on. */
  readonly #targets = new Map<number, string>();

  constructor(scripted: Scripted) {
    this.#scripted = scripted;
  }

  readonly place = (snapshot: Snapshot): Placement => ({ snapshot, vantages: this.#scripted.places });

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly addressesOf = (_vantage: Vantage, target: Target): readonly DialTarget[] => {
    const key = targetKey(target);
    if (this.#scripted.unplaced.includes(key)) return [];
    const known = [...this.#targets].find(([, name]) => name === key)?.[0];
    const port = known ?? this.#targets.size + 1;
    this.#targets.set(port, key);
    return [{ address: { host: '127.0.0.1', port } }];
  };

  readonly launch = (vantages: readonly Vantage[], controller: ControllerEndpoint): Promise<void> => {
    for (const vantage of vantages) {
      const id = vantageKey(vantage);
      const seat = { id, vantage, token: controller.joinTokenFor(id, vantage), round: 0, sequence: 0 };
      if (!this.#scripted.absent.includes(id)) this.#dial(controller, seat, {});
    }
    return Promise.resolve();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
  }

  #dial(controller: ControllerEndpoint, seat: Seat, options: Partial<FakeAgentOptions>): FakeAgent {
    const agent = new FakeAgent(controller, { ...seat, ...options });
    this.#agents.push(agent);
    agent.onRoutes = (tasks) => {
      if (tasks.length === 0) return;
      seat.round += 1;
      this.#scripted.play(seat.id, this.#turn(controller, agent, seat, tasks));
    };
    void agent.message('drain').then(
      () => agent.stream.end(),
      () => undefined,
    );
    return agent;
  }

  #turn(controller: ControllerEndpoint, agent: FakeAgent, seat: Seat, tasks: readonly PlannedRoute[]): Turn {
    const reports = tasks.flatMap(({ route, slot, attempts, addresses: [address] }) => {
      const target = this.#targets.get(address?.port ?? 0) ?? '';
      const outcome = this.#scripted.truth(seat.id, target);
      return Array.from({ length: attempts }, (_, attempt) => {
        return { route, slot, attempt, startedAtMs: Date.now(), outcome };
      });
    });
    return {
      round: seat.round,
      reports,
      send: (some, batch = {}) => {
        seat.sequence = batch.sequence ?? seat.sequence + 1;
        const made = batchToWire({ sequence: seat.sequence, reports: some, droppedBefore: 0, fitness: FIT });
        agent.send({ $case: 'batch', value: { ...made, ...batch } });
      },
      cut: () => {
        agent.cut();
      },
      die: () => {
        agent.cut();
        for (const listener of this.#listeners) listener(seat.id, 'the process was ended by SIGKILL');
      },
      dial: (options = {}) => this.#dial(controller, seat, options),
      restart: () => {
        agent.cut();
        seat.sequence = 0;
        const token = controller.joinTokenFor(seat.id, seat.vantage);
        this.#dial(controller, seat, { bootId: 'boot-2', token });
      },
    };
  }
}
