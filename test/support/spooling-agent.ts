/** An agent by hand that attempts its plan when a test says so, and keeps what nobody has acknowledged, over all streams. */
import type { ControllerEndpoint } from '../../controller/fleet/launcher.ts';
import type { Outcome, Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Vantage } from '../../proto/vocabulary.ts';
import { routeFromWire } from '../../proto/wire.ts';
import { FakeAgent } from './fake-agent.ts';

export interface SpoolingAgentOptions {
  readonly id: string;
  readonly vantage: Vantage;
  readonly bootId?: string;
  /** @default one that the endpoint issues, once */
  readonly token?: string;
  readonly outcome: (task: PlannedRoute, slot: number) => Outcome;
  readonly nowMs: () => number;
}

interface Sent {
  readonly sequence: number;
  readonly reports: readonly Report[];
}

const CREDIT = 8;

export class SpoolingAgent implements AsyncDisposable {
  readonly options: SpoolingAgentOptions;
  /** Attempts that were made so far; each is reported until it is acknowledged. */
  attempts = 0;
  /** By number of the route, how often the plan has told of it. */
  readonly told = new Map<number, number>();
  /** Numbers that the plan has taken away again, in order. */
  readonly removed: number[] = [];
  /** Streams that a controller has taken. */
  welcomes = 0;
  /** The controller has told it to go. */
  isDrained = false;
  readonly #plan = new Map<number, PlannedRoute>();
  #planVersion = 0;
  #slot: number;
  #sequence = 0;
  readonly #waiting: Report[] = [];
  readonly #unacknowledged: Sent[] = [];
  #stream: FakeAgent | undefined;
  #isWelcome = false;
  #token: string | undefined;

  constructor(options: SpoolingAgentOptions) {
    this.options = options;
    this.#token = options.token;
    this.#slot = Math.floor(options.nowMs() / 1000);
  }

  get unacknowledged(): number {
    return this.#waiting.length + this.#unacknowledged.reduce((sum, { reports }) => sum + reports.length, 0);
  }

  get plan(): readonly PlannedRoute[] {
    return [...this.#plan.values()];
  }

  /** Resolves when the stream has ended, whoever ended it. */
  async dial(endpoint: ControllerEndpoint): Promise<void> {
    const { id, vantage, bootId = 'boot-1' } = this.options;
    this.#token ??= endpoint.joinTokenFor(id, vantage);
    const hello = { planVersion: this.#planVersion, oldestUnacknowledged: this.#unacknowledged[0]?.sequence ?? 0 };
    const stream = new FakeAgent(endpoint, { id, vantage, bootId, token: this.#token, hello });
    this.#stream = stream;
    this.#isWelcome = false;
    stream.stream.on('data', () => {
      for (const body of stream.received.splice(0)) this.#hear(stream, body);
    });
    await stream.ended;
    stream.cut();
  }

  /** One slot of everything that is repeated. */
  pulse(): void {
    this.#slot += 1;
    for (const task of this.#plan.values()) if (task.intervalMs > 0) this.#attempt(task, this.#slot);
    this.#flush();
  }

  cut(): void {
    this.#stream?.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#stream?.ended;
  }

  #hear(stream: FakeAgent, body: FakeAgent['received'][number]): void {
    switch (body.$case) {
      case 'welcome':
        this.#isWelcome = true;
        this.welcomes += 1;
        this.#forget(body.value.resumeFrom - 1);
        for (const { sequence, reports } of this.#unacknowledged) stream.report(sequence, reports);
        break;
      case 'ack':
        this.#forget(body.value.sequence);
        break;
      case 'plan':
        this.#planVersion = body.value.version;
        this.#change([...this.#plan.keys()], body.value.routes.map(routeFromWire));
        break;
      case 'planDelta':
        this.#planVersion = body.value.version;
        this.removed.push(...body.value.removed);
        this.#change(body.value.removed, body.value.added.map(routeFromWire));
        break;
      case 'drain':
        this.isDrained = true;
        stream.stream.end();
        break;
    }
    this.#flush();
  }

  /** What was attempted once is not attempted again for being told again. */
  #change(removed: readonly number[], added: readonly ReturnType<typeof routeFromWire>[]): void {
    const before = new Map(this.#plan);
    for (const number of removed) this.#plan.delete(number);
    for (const received of added) {
      if (received.kind !== 'planned') continue;
      const task = received.planned;
      this.#plan.set(task.route, task);
      if (JSON.stringify(before.get(task.route)) === JSON.stringify(task)) continue;
      this.told.set(task.route, (this.told.get(task.route) ?? 0) + 1);
      if (task.intervalMs === 0) this.#attempt(task, task.slot);
    }
  }

  #attempt(task: PlannedRoute, slot: number): void {
    for (let attempt = 0; attempt < task.attempts; attempt += 1) {
      const outcome = this.options.outcome(task, slot);
      const placed = outcome.kind === 'untested' ? outcome : { ...outcome, address: attempt % task.addresses.length };
      this.#waiting.push({ route: task.route, slot, attempt, startedAtMs: this.options.nowMs(), outcome: placed });
      this.attempts += 1;
    }
  }

  #flush(): void {
    while (this.#isWelcome && this.#unacknowledged.length < CREDIT && this.#waiting.length > 0) {
      const reports = this.#waiting.splice(0, 100);
      this.#sequence += 1;
      this.#unacknowledged.push({ sequence: this.#sequence, reports });
      this.#stream?.report(this.#sequence, reports);
    }
  }

  #forget(upTo: number): void {
    while ((this.#unacknowledged[0]?.sequence ?? Infinity) <= upTo) this.#unacknowledged.shift();
  }
}
