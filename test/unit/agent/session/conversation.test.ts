import t from 'tap';
import { converse } from '../../../../agent/session/conversation.ts';
import type { ConversationEnd } from '../../../../agent/session/conversation.ts';
import type { UplinkEnd, UplinkEvents } from '../../../../agent/session/uplink.ts';
import { Spool } from '../../../../agent/spool.ts';
import type { AgentMessage, ControllerMessage } from '../../../../proto/gen/meshproof/v1/session.ts';
import type { Report } from '../../../../proto/outcome.ts';
import type { ReceivedRoute } from '../../../../proto/wire.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

type Said = NonNullable<AgentMessage['body']>;
type Heard = NonNullable<ControllerMessage['body']>;

const OWN = { host: '10.0.0.9', port: 40_000 };
const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };
const WELCOME: Heard = {
  $case: 'welcome',
  value: {
    resumeFrom: 1,
    credit: 2,
    heartbeatIntervalMs: 1_000,
    planVersion: 0,
    controllerTimeMs: 0,
    observedPeer: undefined,
  },
};

function report(route: number): Report {
  const outcome = { kind: 'untested', why: 'cancelled', detail: '' } as const;
  return { route, slot: 1, attempt: 0, startedAtMs: 0, outcome };
}

/** A conversation whose other side is the test. */
class Rig {
  readonly clock = new ManualClock();
  readonly spool: Spool;
  readonly said: Said[] = [];
  readonly plans: (readonly ReceivedRoute[])[] = [];
  readonly plan = { version: 0 };
  readonly heardTimes: number[] = [];
  readonly heardPaths: unknown[] = [];
  readonly inFlight = Promise.withResolvers<undefined>();
  readonly stop = new AbortController();
  takesMore = true;
  hasEndedItsSide = false;
  isDraining = false;
  #events: UplinkEvents | undefined;

  constructor(spool?: Spool) {
    this.spool = spool ?? new Spool(this.clock);
  }

  start(): Promise<ConversationEnd> {
    return converse(
      {
        clock: this.clock,
        open: (events) => {
          this.#events = events;
          const send = ({ body }: AgentMessage): boolean => {
            if (body !== undefined) this.said.push(body);
            return this.takesMore;
          };
          const end = (): void => {
            this.hasEndedItsSide = true;
          };
          return Promise.resolve({ send, end, cancel: () => undefined, localAddress: () => OWN });
        },
        spool: this.spool,
        work: {
          replace: (routes) => this.plans.push(routes),
          change: (_removed, added) => this.plans.push(added),
          pendingAttempts: 3,
          drain: async () => {
            this.isDraining = true;
            await this.inFlight.promise;
          },
        },
        fitness: () => FIT,
        agentId: 'web-1',
        bootId: 'boot',
        vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' },
        plan: this.plan,
        controllerTime: { hear: (wallMs) => this.heardTimes.push(wallMs) },
        controlPath: { hear: (...path) => this.heardPaths.push(path) },
        graceMs: 4_000,
      },
      this.stop.signal,
    );
  }

  async hear(body: Heard): Promise<void> {
    this.#events?.onMessage({ body });
    await this.clock.advance(0);
  }

  writable(): void {
    this.takesMore = true;
    this.#events?.onWritable();
  }

  end(end: UplinkEnd): void {
    this.#events?.onEnd(end);
  }

  get sequences(): readonly number[] {
    return this.said.flatMap((body) => (body.$case === 'batch' ? [body.value.sequence] : []));
  }
}

async function begun(spool?: Spool): Promise<Rig & { readonly ending: Promise<ConversationEnd> }> {
  const rig = new Rig(spool);
  const ending = rig.start();
  await rig.clock.advance(0);
  return Object.assign(rig, { ending });
}

async function welcomed(): ReturnType<typeof begun> {
  const rig = await begun();
  await rig.hear(WELCOME);
  return rig;
}

t.test('the agent says who it is, what it holds and what it still has to hand over', async (t) => {
  const rig = await begun();
  t.match(rig.said, [
    {
      $case: 'hello',
      value: {
        agentId: 'web-1',
        bootId: 'boot',
        vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'DATA_PLANE_NAKED' },
        protocol: 1,
        oldestUnacknowledged: 0,
        planVersion: 0,
      },
    },
  ]);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('nothing but Hello is sent before Welcome; outcomes wait', async (t) => {
  const rig = await begun();
  rig.spool.add(report(1));
  await rig.clock.advance(5_000);
  t.strictSame(
    rig.said.map(({ $case }) => $case),
    ['hello'],
  );
  await rig.hear(WELCOME);
  t.strictSame(rig.sequences, [1], 'and then they go');
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('a batch goes 250 ms after its first outcome', async (t) => {
  const rig = await welcomed();
  rig.spool.add(report(1));
  await rig.clock.advance(249);
  t.strictSame(rig.sequences, []);
  rig.spool.add(report(2));
  await rig.clock.advance(1);
  t.strictSame(rig.sequences, [1]);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('out of credit nothing is sent until an acknowledgement', async (t) => {
  const rig = await welcomed();
  for (let route = 1; route <= 350; route += 1) rig.spool.add(report(route));
  await rig.clock.advance(1_000);
  t.strictSame(rig.sequences, [1, 2], 'a credit of two');
  t.equal(rig.spool.isBlocked, true);
  await rig.hear({ $case: 'ack', value: { sequence: 1, credit: 2 } });
  t.strictSame(rig.sequences, [1, 2, 3]);
  await rig.hear({ $case: 'ack', value: { sequence: 3, credit: 8 } });
  t.strictSame(rig.sequences, [1, 2, 3, 4]);
  t.equal(rig.spool.isBlocked, false);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('a transport that takes no more is not written to until it does', async (t) => {
  const rig = await welcomed();
  rig.takesMore = false;
  for (let route = 1; route <= 200; route += 1) rig.spool.add(report(route));
  t.strictSame(rig.sequences, [1]);
  rig.writable();
  t.strictSame(rig.sequences, [1, 2]);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('on a new stream exactly those batches are sent again that the controller has not counted', async (t) => {
  const first = await welcomed();
  for (let route = 1; route <= 200; route += 1) first.spool.add(report(route));
  t.strictSame(first.sequences, [1, 2]);
  first.end({ kind: 'lost', why: 'reset' });
  t.match(await first.ending, { kind: 'lost', wasWelcomed: true });
  const second = await begun(first.spool);
  t.match(second.said, [{ $case: 'hello', value: { oldestUnacknowledged: 1 } }]);
  await second.hear({ ...WELCOME, value: { ...WELCOME.value, resumeFrom: 2 } });
  t.strictSame(second.sequences, [2]);
  second.end({ kind: 'lost', why: '' });
  await second.ending;
});

t.test('plans and their changes reach the schedule, and their version is kept', async (t) => {
  const rig = await welcomed();
  await rig.hear({ $case: 'plan', value: { version: 4, routes: [] } });
  await rig.hear({ $case: 'planDelta', value: { version: 5, removed: [1], added: [] } });
  t.equal(rig.plans.length, 2);
  t.equal(rig.plan.version, 5);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('a heartbeat goes out every interval that Welcome names', async (t) => {
  const rig = await welcomed();
  await rig.clock.advance(3_000);
  const beats = rig.said.filter(({ $case }) => $case === 'heartbeat');
  t.equal(beats.length, 3);
  t.match(beats[0], { value: { pendingAttempts: 3, fitness: { isFit: true } } });
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('Drain: what is in flight is finished, the spool handed over, the stream ended', async (t) => {
  const rig = await welcomed();
  await rig.hear({ $case: 'drain', value: { reason: 'done', graceMs: 3_000 } });
  t.equal(rig.isDraining, true);
  rig.spool.add(report(1));
  rig.inFlight.resolve(undefined);
  await rig.clock.advance(0);
  t.strictSame(rig.sequences, [1], 'without waiting for the 250 ms');
  t.equal(rig.hasEndedItsSide, false);
  await rig.hear({ $case: 'ack', value: { sequence: 1, credit: 2 } });
  t.equal(rig.hasEndedItsSide, true);
  rig.end({ kind: 'closed' });
  t.strictSame(await rig.ending, { kind: 'drained' });
});

t.test('an abort ends likewise, and after the grace in any case', async (t) => {
  const rig = await welcomed();
  rig.stop.abort();
  t.equal(rig.isDraining, true);
  await rig.clock.advance(4_000);
  t.strictSame(await rig.ending, { kind: 'drained' });
});

t.test('a refusal is told from a loss', async (t) => {
  const rig = await begun();
  rig.end({ kind: 'refused', why: 'UNAUTHENTICATED: no such token' });
  t.strictSame(await rig.ending, { kind: 'refused', why: 'UNAUTHENTICATED: no such token' });
});

t.test('a controller that never says Welcome is left after ten seconds', async (t) => {
  const rig = await begun();
  await rig.clock.advance(10_000);
  t.match(await rig.ending, { kind: 'lost', wasWelcomed: false });
});

t.test('an acknowledgement of what was never sent costs the stream, and no outcome', async (t) => {
  const rig = await welcomed();
  rig.spool.add(report(1));
  await rig.clock.advance(250);
  await rig.hear({ $case: 'ack', value: { sequence: 2, credit: 2 } });
  t.match(await rig.ending, { kind: 'lost', why: 'the controller acknowledged what was never sent' });
  t.equal(rig.spool.oldestUnacknowledged, 1);
});

t.test('a Welcome that counts what was never sent is none', async (t) => {
  const rig = await begun();
  rig.spool.add(report(1));
  await rig.hear({ ...WELCOME, value: { ...WELCOME.value, resumeFrom: 7 } });
  t.match(await rig.ending, { kind: 'lost', wasWelcomed: false });
  t.equal(rig.spool.isEmpty, false);
});

t.test('no Welcome makes an agent flood its controller with heartbeats', async (t) => {
  const rig = await begun();
  await rig.hear({ ...WELCOME, value: { ...WELCOME.value, heartbeatIntervalMs: 1 } });
  await rig.clock.advance(1_000);
  t.equal(rig.said.filter(({ $case }) => $case === 'heartbeat').length, 4);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test('what the controller sees of the stream is heard with its Welcome, beside our own end of it', async (t) => {
  const rig = await begun();
  const observedPeer = { host: '10.0.0.9', port: 51_000 };
  await rig.hear({ ...WELCOME, value: { ...WELCOME.value, observedPeer } });
  t.strictSame(rig.heardPaths, [[observedPeer, OWN]]);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});

t.test("the controller's time is heard with its Welcome", async (t) => {
  const rig = await begun();
  await rig.hear({ ...WELCOME, value: { ...WELCOME.value, controllerTimeMs: 1_767_268_800_000 } });
  t.strictSame(rig.heardTimes, [1_767_268_800_000]);
  rig.end({ kind: 'lost', why: '' });
  await rig.ending;
});
