import fc from 'fast-check';
import t from 'tap';
import { Schedule } from '../../agent/schedule.ts';
import { converse } from '../../agent/session/conversation.ts';
import type { UplinkEvents } from '../../agent/session/uplink.ts';
import { Spool } from '../../agent/spool.ts';
import { ControllerMessage } from '../../proto/gen/meshproof/v1/session.ts';
import type { AgentMessage, PlannedRoute } from '../../proto/gen/meshproof/v1/session.ts';
import { batchFromWire } from '../../proto/wire.ts';
import { anyText, garbled, uint32, uint64 } from '../support/garbled.ts';
import { ManualClock } from '../support/manual-clock.ts';

type Said = NonNullable<AgentMessage['body']>;

const route: fc.Arbitrary<PlannedRoute> = fc.record({
  route: uint32,
  slot: uint64,
  probe: fc.option(
    fc.constantFrom<PlannedRoute['probe'] & object>(
      { kind: { $case: 'tcp', value: {} } },
      { kind: { $case: 'http', value: { method: '', path: '' } } },
      { kind: undefined },
    ),
    { nil: undefined },
  ),
  addresses: fc.array(fc.record({ host: anyText, port: uint32 }), { maxLength: 3 }),
  authority: anyText,
  serverName: anyText,
  peerIdentities: fc.array(anyText, { maxLength: 2 }),
  connectTimeoutMs: uint32,
  timeoutMs: uint32,
  attempts: uint32,
  intervalMs: uint32,
});

const routes = fc.array(route, { maxLength: 4 });

const body: fc.Arbitrary<NonNullable<ControllerMessage['body']>> = fc.oneof(
  fc
    .record({
      resumeFrom: uint64,
      credit: uint32,
      heartbeatIntervalMs: uint32,
      planVersion: uint64,
      controllerTimeMs: fc.maxSafeInteger(),
      observedPeer: fc.option(fc.record({ host: fc.string(), port: uint32 }), { nil: undefined }),
    })
    .map((value) => ({ $case: 'welcome' as const, value })),
  fc.record({ version: uint64, routes }).map((value) => ({ $case: 'plan' as const, value })),
  fc
    .record({ version: uint64, removed: fc.array(uint32, { maxLength: 3 }), added: routes })
    .map((value) => ({ $case: 'planDelta' as const, value })),
  fc.record({ sequence: uint64, credit: uint32 }).map((value) => ({ $case: 'ack' as const, value })),
);

const bytes = garbled(body.map((one) => ControllerMessage.encode({ body: one }).finish()));

/** What gRPC would hand on; it ends the stream where nothing can be read. A Drain would rightly end the agent. */
function decoded(message: Buffer): ControllerMessage | undefined {
  try {
    const read = ControllerMessage.decode(message);
    return read.body?.$case === 'drain' ? undefined : read;
  } catch {
    return undefined;
  }
}

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

interface Agent {
  readonly clock: ManualClock;
  readonly attempts: () => number;
  /** One stream from its Hello to its end; what the agent said comes back. */
  readonly stream: (plays: (hear: (message: ControllerMessage) => void) => Promise<void>) => Promise<readonly Said[]>;
}

/** Session, spool and schedule as in an agent; attempts end at once, and the other side is the test. */
async function withAgent(does: (agent: Agent) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  const spool = new Spool(clock);
  const plan = { version: 0 };
  let attempts = 0;
  await using schedule = new Schedule({
    clock,
    agentId: 'web',
    maxInFlight: 8,
    attempt: () => {
      attempts += 1;
      return Promise.resolve({ kind: 'untested', why: 'cancelled', detail: '' } as const);
    },
    report: (report) => {
      spool.add(report);
    },
  });
  await does({
    clock,
    attempts: () => attempts,
    stream: async (plays) => {
      const said: Said[] = [];
      let events: UplinkEvents | undefined;
      const ending = converse(
        {
          clock,
          spool,
          work: schedule,
          plan,
          open: (given) => {
            events = given;
            const send = ({ body: one }: AgentMessage): boolean => {
              if (one !== undefined) said.push(one);
              return true;
            };
            return Promise.resolve({
              send,
              end: () => undefined,
              cancel: () => undefined,
              localAddress: () => undefined,
            });
          },
          fitness: () => ({ loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true }),
          controllerTime: { hear: () => undefined },
          controlPath: { hear: () => undefined },
          agentId: 'web',
          bootId: 'boot',
          vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' },
          graceMs: 1_000,
        },
        new AbortController().signal,
      );
      await clock.advance(0);
      await plays((message) => events?.onMessage(message));
      events?.onEnd({ kind: 'lost', why: 'over' });
      await ending;
      return said;
    },
  });
}

t.test('whatever a controller sends, the agent neither fails nor floods, and serves the next one', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 12 }), (messages) =>
      withAgent(async ({ clock, attempts, stream }) => {
        const said = await stream(async (hear) => {
          for (const message of messages) {
            const one = decoded(message);
            if (one !== undefined) hear(one);
            await clock.advance(500);
          }
          const before = attempts();
          await clock.advance(10_000);
          const repeated = attempts() - before;
          // Four routes a message, each at most once a second for each of its attempts in a slot.
          if (repeated > messages.length * 4 * 10 * 10_000) throw new Error(`${String(repeated)} attempts in 10 s`);
        });
        const heartbeats = said.filter(({ $case }) => $case === 'heartbeat').length;
        if (heartbeats > 4 * (10 + messages.length)) throw new Error(`${String(heartbeats)} heartbeats`);

        const numbers = said.flatMap((one) => (one.$case === 'batch' ? [one.value.sequence] : []));
        const made = Math.max(0, ...numbers);
        const after = await stream(async (hear) => {
          const value = {
            resumeFrom: made + 1,
            credit: 8,
            heartbeatIntervalMs: 0,
            planVersion: 0,
            controllerTimeMs: 0,
            observedPeer: undefined,
          };
          hear({ body: { $case: 'welcome', value } });
          hear({ body: { $case: 'plan', value: { version: 7, routes: [ORDINARY] } } });
          for (let round = 0; round < 40; round += 1) {
            await clock.advance(300);
            hear({ body: { $case: 'ack', value: { sequence: 0, credit: 1_000_000 } } });
          }
        });
        const reports = after.flatMap((one) => (one.$case === 'batch' ? batchFromWire(one.value).reports : []));
        if (!reports.some((report) => report.route === ORDINARY.route && report.slot === ORDINARY.slot)) {
          throw new Error('the next controller got nothing');
        }
      }),
    ),
    { numRuns: 100 },
  );
  t.same(unhandled, []);
});

const ORDINARY: PlannedRoute = {
  route: 777_777,
  slot: 888_888,
  probe: { kind: { $case: 'tcp', value: {} } },
  addresses: [{ host: '127.0.0.1', port: 9 }],
  authority: '',
  serverName: '',
  peerIdentities: [],
  connectTimeoutMs: 1,
  timeoutMs: 1,
  attempts: 1,
  intervalMs: 0,
};
