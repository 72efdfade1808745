import { connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import t from 'tap';
import { AgentMessage } from '../../proto/gen/meshproof/v1/session.ts';
import type { Hello } from '../../proto/gen/meshproof/v1/session.ts';
import { DATA_PLANES } from '../../proto/wire-words.ts';
import { wireBatch } from '../support/arbitrary/wire-batch.ts';
import { anyText, garbled, uint32, uint64 } from '../support/garbled.ts';
import { FakeAgent } from '../support/fake-agent.ts';
import { BATCH, WEB, silentReport, startFleet } from '../support/fleet-scene.ts';

const vantage = fc.record({
  namespace: anyText,
  serviceAccount: anyText,
  dataPlane: fc.constantFrom(...Object.values(DATA_PLANES), 'DATA_PLANE_UNSPECIFIED' as const),
  node: anyText,
});

const hello: fc.Arbitrary<Hello> = fc.record({
  agentId: fc.oneof(fc.constant('hostile'), anyText),
  bootId: fc.oneof(fc.constant('boot-1'), anyText),
  vantage: fc.option(vantage, { nil: undefined }),
  version: anyText,
  protocol: fc.oneof(fc.constant(1), uint32),
  oldestUnacknowledged: uint64,
  planVersion: uint64,
});

const heartbeat = fc.record({
  agentTimeMs: fc.maxSafeInteger(),
  fitness: fc.constant(undefined),
  pendingAttempts: uint32,
  spooledBatches: uint32,
});

const body: fc.Arbitrary<NonNullable<AgentMessage['body']>> = fc.oneof(
  hello.map((value) => ({ $case: 'hello' as const, value })),
  wireBatch.map((value) => ({ $case: 'batch' as const, value })),
  heartbeat.map((value) => ({ $case: 'heartbeat' as const, value })),
);

const OVERSIZED = Buffer.alloc(300 * 1024);

const message = fc.oneof(
  garbled(body.map((one) => AgentMessage.encode({ body: one }).finish())),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constant('oversized' as const),
);

const visit = fc.record({
  /** With a Hello in order first, so that what follows is read. */
  isWelcomed: fc.boolean(),
  messages: fc.array(message, { minLength: 1, maxLength: 8 }),
  leaves: fc.constantFrom('cut', 'end'),
});

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

t.test('whatever an agent sends, it harms no stream but its own', async (t) => {
  await using scene = await startFleet();
  const good = scene.join({ id: 'good', vantage: BATCH });
  await good.message('welcome');
  const token = scene.fleet.endpoint.joinTokenFor('hostile', WEB);
  const own: string[] = [];
  await fc.assert(
    fc.asyncProperty(visit, async ({ isWelcomed, messages, leaves }) => {
      const { endpoint } = scene.fleet;
      const hostile = isWelcomed
        ? new FakeAgent(endpoint, { id: 'hostile', vantage: WEB, token })
        : new FakeAgent(endpoint, null, token);
      if (isWelcomed) await hostile.message('welcome');
      for (const one of messages) hostile.sendBytes(one === 'oversized' ? OVERSIZED : one);
      if (leaves === 'end') hostile.stream.end();
      else await new Promise(setImmediate);
      own.push(`legacy/batch (naked) ${String(own.length + 1)}/0/0`);
      good.report(own.length, [silentReport(own.length)]);
      const { sequence } = await good.message('ack', own.length);
      if (sequence !== own.length) throw new Error(`${String(sequence)} was acknowledged, not ${String(own.length)}`);
      hostile.cut();
      await hostile.ended;
    }),
    { numRuns: 200 },
  );
  t.same(
    scene.recorded.filter((place) => place.startsWith('legacy/batch')),
    own,
    'what the good agent said is recorded, once',
  );
  t.ok(
    scene.recorded.every((place) => place.startsWith('legacy/batch') || place.startsWith('shop/web (sidecar) ')),
    'and what the other one said stands under its own vantage',
  );
  t.same(
    scene.fleet.roster.agents().map(({ id }) => id),
    ['good', 'hostile'],
  );
  t.ok(scene.said.length < 500, 'it is not talked about without end');
  t.same(unhandled, []);
});

t.test('what is not even gRPC harms nobody', async (t) => {
  await using scene = await startFleet();
  const good = scene.join({ id: 'good', vantage: BATCH });
  await good.message('welcome');
  let sequence = 0;
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.uint8Array({ maxLength: 200 }), async (hasPreface, bytes) => {
      await speakTls(scene.fleet.endpoint.address.port, Buffer.concat([hasPreface ? preface : Buffer.alloc(0), bytes]));
      sequence += 1;
      good.report(sequence, [silentReport(sequence)]);
      await good.message('ack', sequence);
    }),
    { numRuns: 60 },
  );
  t.equal(scene.recorded.length, sequence);
  t.same(unhandled, []);
});

t.test('an oversized message is refused as such', async (t) => {
  await using scene = await startFleet();
  const agent = scene.join();
  await agent.message('welcome');
  agent.sendBytes(OVERSIZED);
  t.equal((await agent.ended).code, status.RESOURCE_EXHAUSTED);
});

/** Says it over TLS with HTTP/2 agreed on, and goes. */
async function speakTls(port: number, bytes: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
    socket.write(bytes, () => socket.end());
  });
  socket.on('error', () => undefined).resume();
  socket.on('close', () => {
    resolve(undefined);
  });
  setTimeout(() => socket.destroy(), 200).unref();
  await promise;
}
