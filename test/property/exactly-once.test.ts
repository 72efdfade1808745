import fc from 'fast-check';
import t from 'tap';
import { holdSession } from '../../agent/session.ts';
import type { UplinkEvents } from '../../agent/session/uplink.ts';
import { Spool } from '../../agent/spool.ts';
import { Roster } from '../../controller/fleet/roster.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/gen/meshproof/v1/session.ts';
import type { Report } from '../../proto/outcome.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { batchFromWire } from '../../proto/wire.ts';
import { ManualClock } from '../support/manual-clock.ts';

const WEB: Vantage = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' };
const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };
const CREDIT = 3;

/** The agent's own session and spool, the controller's own book-keeping, and between them a wire that a test rules. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly recorded: string[] = [];
  added = 0;
  readonly spool: Spool;
  readonly #roster = new Roster({ heartbeatIntervalMs: 15_000, lostAfterMs: 60_000 });
  #toController: AgentMessage[] = [];
  #toAgent: ControllerMessage[] = [];
  #events: UplinkEvents | undefined;
  #isUp = true;
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor() {
    this.spool = new Spool(this.clock, {
      batchOutcomes: 3,
      batchBytes: 1_000,
      batchMs: 250,
      totalBytes: 1_500,
      ageMs: 60_000,
    });
    this.#ended = holdSession(
      {
        clock: this.clock,
        open: (events) => this.#open(events),
        spool: this.spool,
        work: {
          replace: () => undefined,
          change: () => undefined,
          pendingAttempts: 0,
          drain: () => Promise.resolve(),
        },
        fitness: () => FIT,
        agentId: 'web',
        bootId: 'boot',
        vantage: WEB,
        plan: { version: 0 },
        controllerTime: { hear: () => undefined },
        controlPath: { hear: () => undefined },
        graceMs: 1_000,
        backoff: { firstMs: 100, mostMs: 1_000, reconnectJitterMs: 100, refusedMs: 1_000 },
        random: () => 0.5,
        onEnd: () => undefined,
      },
      this.#stop.signal,
    );
  }

  get accountedFor(): number {
    return this.recorded.length + (this.#roster.find('web')?.droppedOutcomes ?? 0);
  }

  add(): void {
    const outcome = { kind: 'untested', why: 'cancelled', detail: 'x'.repeat(20) } as const;
    // Few routes and slots: what cannot be sent is coalesced now and then.
    const report: Report = { route: this.added % 5, slot: this.added, attempt: 0, startedAtMs: 0, outcome };
    this.added += 1;
    this.spool.add(report);
  }

  toController(count: number): void {
    for (const message of this.#toController.splice(0, count)) this.#receive(message);
  }

  toAgent(count: number): void {
    for (const message of this.#toAgent.splice(0, count)) this.#events?.onMessage(message);
  }

  /** What is on its way is lost, in both directions. */
  cut(): void {
    const events = this.#events;
    this.#events = undefined;
    this.#toController = [];
    this.#toAgent = [];
    events?.onEnd({ kind: 'lost', why: 'reset' });
  }

  /** The last message to the controller is on the wire a second time. */
  repeat(): void {
    const last = this.#toController.at(-1);
    if (last?.body?.$case === 'batch') this.#toController.push(last);
  }

  unplug(isUp: boolean): void {
    this.#isUp = isUp;
    if (!isUp) this.cut();
  }

  /** No more faults, until nothing moves any more. */
  async heal(): Promise<void> {
    this.unplug(true);
    for (let round = 0; round < 60; round += 1) {
      await this.clock.advance(1_000);
      this.toController(Infinity);
      this.toAgent(Infinity);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.cut();
    await this.clock.advance(5_000);
    await this.#ended;
  }

  #open(events: UplinkEvents): ReturnType<Parameters<typeof holdSession>[0]['open']> {
    if (!this.#isUp) return Promise.reject(new Error('no route'));
    this.#events = events;
    const isCurrent = (): boolean => this.#events === events;
    return Promise.resolve({
      send: (message) => {
        if (isCurrent()) this.#toController.push(message);
        return true;
      },
      end: () => {
        events.onEnd({ kind: 'closed' });
      },
      cancel: () => undefined,
      localAddress: () => undefined,
    });
  }

  #receive({ body }: AgentMessage): void {
    const nowMs = this.clock.monotonicMs();
    if (body?.$case === 'hello') {
      const arrival = this.#roster.arrive('web', WEB, 'boot', nowMs);
      if (arrival.kind === 'superseded') throw new Error('nobody else is there');
      const { resumeFrom } = arrival;
      const value = {
        resumeFrom,
        credit: CREDIT,
        heartbeatIntervalMs: 0,
        planVersion: 0,
        controllerTimeMs: 0,
        observedPeer: undefined,
      };
      this.#toAgent.push({ body: { $case: 'welcome', value } });
    }
    if (body?.$case !== 'batch') return;
    const batch = batchFromWire(body.value);
    if (this.#roster.count('web', batch.sequence, batch.droppedBefore)) {
      for (const { route, slot } of batch.reports) this.recorded.push(`${String(route)}/${String(slot)}`);
    }
    const sequence = this.#roster.find('web')?.lastSequence ?? 0;
    this.#toAgent.push({ body: { $case: 'ack', value: { sequence, credit: CREDIT } } });
  }

  get missing(): number {
    return this.#roster.find('web')?.missingBatches ?? 0;
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('up' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('down' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), count: fc.integer({ min: 1, max: 2_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unplug' as const), isUp: fc.boolean() }) },
);

async function take(world: World, one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Promise<void> {
  switch (one.kind) {
    case 'add':
      for (let index = 0; index < one.count; index += 1) world.add();
      break;
    case 'up':
      world.toController(one.count);
      break;
    case 'down':
      world.toAgent(one.count);
      break;
    case 'wait':
      await world.clock.advance(one.count);
      break;
    case 'cut':
      world.cut();
      break;
    case 'repeat':
      world.repeat();
      break;
    case 'unplug':
      world.unplug(one.isUp);
      break;
  }
  await world.clock.advance(0);
}

t.test('whatever the wire does, every outcome is recorded once or counted as dropped', async (t) => {
  let dropped = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await using world = new World();
      for (const one of steps) {
        await take(world, one);
        if (world.accountedFor > world.added) throw new Error('more is accounted for than there was');
      }
      await world.heal();
      const { recorded, added, accountedFor, missing, spool } = world;
      dropped += added - recorded.length;
      if (new Set(recorded).size !== recorded.length) throw new Error('an outcome was recorded twice');
      if (accountedFor !== added) throw new Error(`${String(accountedFor)} of ${String(added)} are accounted for`);
      if (missing !== 0) throw new Error('a number was left out');
      if (!spool.isEmpty) throw new Error('something was left in the spool');
    }),
    { numRuns: 150 },
  );
  t.ok(dropped > 0, 'gaps were among them, and were told');
});
