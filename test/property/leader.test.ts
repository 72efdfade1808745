/** Whatever happens to requests and clocks: never two leaders at a time, and one again soon after all is well. */
import fc from 'fast-check';
import t from 'tap';
import { holdLease } from '../../controller/leader/lease.ts';
import type { Leadership } from '../../controller/leader/lease.ts';
import type { Clock } from '../../proto/clock.ts';
import { AT_ONCE, FakeLeases } from '../support/fake-leases.ts';
import type { Way } from '../support/fake-leases.ts';
import { ManualClock } from '../support/manual-clock.ts';

const LEASE = { namespace: 'meshproof', name: 'meshproof-controller' };
/** A Lease that its holder does not renew, and the waits of those who want it. */
const SOON_MS = 15_000 + 5_000 + 2 * 2_000;

/** Stands for election again whenever it has lost; what it is told to do in between it does at once. */
class Contender implements AsyncDisposable {
  ways: Way[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #leadership: Leadership | undefined;

  constructor(world: World, identity: string, clock: Clock) {
    const api = world.leases.api(() => this.ways.shift() ?? AT_ONCE);
    this.#running = this.#stand(world, { api, clock, debug: () => undefined }, identity);
  }

  get leads(): boolean {
    return this.#leadership?.lost.aborted === false;
  }

  async resign(): Promise<void> {
    await this.#leadership?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.resign();
    await this.#running;
  }

  async #stand(world: World, deps: Parameters<typeof holdLease>[0], identity: string): Promise<void> {
    const { signal } = this.#stop;
    const hasEnded = (): boolean => signal.aborted;
    while (!hasEnded()) {
      try {
        const leadership = await holdLease(deps, { ...LEASE, identity }, signal);
        this.#leadership = leadership;
        world.became(leadership);
        await new Promise((resolve) => {
          leadership.lost.addEventListener('abort', resolve);
        });
      } catch (error) {
        if (!hasEnded()) throw error;
      }
    }
  }
}

class World {
  readonly clock = new ManualClock();
  readonly leases = new FakeLeases(this.clock);
  readonly contenders: readonly Contender[];
  terms = 0;
  #transitions = -1;

  constructor(offsetsMs: readonly number[]) {
    this.contenders = offsetsMs.map((offsetMs, index) => {
      const { nowMs, monotonicMs, sleep } = this.clock;
      const clock: Clock = { nowMs: () => nowMs() + offsetMs, monotonicMs, sleep };
      return new Contender(this, `controller-${String(index)}`, clock);
    });
  }

  became({ transitions }: Leadership): void {
    this.terms += 1;
    if (transitions < this.#transitions) throw new Error('transitions went back');
    this.#transitions = transitions;
    this.check();
  }

  check(): void {
    const leaders = this.contenders.filter(({ leads }) => leads).length;
    if (leaders > 1) throw new Error(`${String(leaders)} lead at ${new Date(this.clock.nowMs()).toISOString()}`);
  }

  async pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 500) {
      await this.clock.advance(500);
      this.check();
    }
  }
}

const WAY: fc.Arbitrary<Way> = fc
  .record({
    thereMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 25_000 })),
    backMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 25_000 })),
    loses: fc.option(fc.constantFrom('request' as const, 'answer' as const), { nil: undefined }),
  })
  .map(({ loses, ...way }) => (loses === undefined ? way : { ...way, loses }));

const STEP = fc.record({
  who: fc.integer({ min: 0, max: 2 }),
  /** Of its next requests. */
  ways: fc.array(WAY, { maxLength: 8 }),
  resigns: fc.boolean(),
  passMs: fc.integer({ min: 0, max: 20_000 }),
});

t.test('three contenders whose requests are late, lost and doubled, and whose clocks differ by hours', async (t) => {
  let terms = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: -7_200_000, max: 7_200_000 }), { minLength: 3, maxLength: 3 }),
      fc.array(STEP, { minLength: 1, maxLength: 12 }),
      async (offsetsMs, steps) => {
        const world = new World(offsetsMs);
        for (const { who, ways, resigns, passMs } of steps) {
          const contender = world.contenders[who];
          if (contender === undefined) continue;
          contender.ways = [...ways];
          if (resigns) void contender.resign();
          await world.pass(passMs);
        }
        for (const contender of world.contenders) contender.ways = [];
        await world.pass(50_000 + SOON_MS);
        if (!world.contenders.some(({ leads }) => leads)) throw new Error('nobody leads when all is well again');
        terms += world.terms;
        const ended = Promise.all(world.contenders.map((contender) => contender[Symbol.asyncDispose]()));
        await world.pass(60_000);
        await ended;
      },
    ),
    { numRuns: 300 },
  );
  t.ok(terms > 130, `it changed hands: ${String(terms)} terms`);
});
