import { Duplex } from 'node:stream';
import t from 'tap';
import { Metadata } from '@grpc/grpc-js';
import type { Deadline, ServerDuplexStream } from '@grpc/grpc-js';
import { Session } from '../../../../controller/fleet/session.ts';
import type { AgentMessage, ControllerMessage } from '../../../../proto/gen/meshproof/v1/session.ts';
import { PROTOCOL, batchToWire, vantageToWire } from '../../../../proto/wire.ts';
import { FIT } from '../../../support/fake-agent.ts';
import { WEB, silentReport } from '../../../support/fleet-scene.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const ignore = (): void => undefined;

/** A stream whose reader a test can hold up. */
class Call extends Duplex implements ServerDuplexStream<AgentMessage, ControllerMessage> {
  readonly metadata = new Metadata();
  readonly written: ControllerMessage[] = [];
  readonly cancelled = false;
  readonly sendMetadata = ignore;
  readonly getPeer = (): string => '127.0.0.1:1';
  readonly getPath = (): string => '';
  readonly getHost = (): string => '';
  readonly getDeadline = (): Deadline => Infinity;
  readonly getAuthContext = (): ReturnType<
    ServerDuplexStream<AgentMessage, ControllerMessage>['getAuthContext']
  > => ({});
  override writableNeedDrain = false;

  constructor() {
    super({ objectMode: true });
    this.metadata.set('authorization', 'Bearer any');
  }

  getMetricsRecorder(): never {
    throw new Error('nobody measures here');
  }

  override write(message: ControllerMessage): boolean {
    this.written.push(message);
    return !this.writableNeedDrain;
  }

  override end(): this {
    return this;
  }

  override pause(): this {
    this.emit('paused');
    return this;
  }

  override resume(): this {
    this.emit('resumed');
    return this;
  }

  override _read(): void {
    // What the agent says comes by hear().
  }

  hear(body: NonNullable<AgentMessage['body']>): void {
    this.emit('data', { body });
  }
}

async function opened(): Promise<Call> {
  const call = new Call();
  let counted = 0;
  new Session(call, {
    clock: new ManualClock(),
    helloTimeoutMs: 10_000,
    events: {
      admit: () => Promise.resolve({ kind: 'accepted' }),
      opened: () => [],
      batch: () => ({ $case: 'ack', value: { sequence: (counted += 1), credit: 8 } }),
      pulse: ignore,
      closed: ignore,
      refused: ignore,
      debug: ignore,
    },
  });
  const resumed = new Promise((resolve) => call.once('resumed', resolve));
  const value = {
    agentId: 'web',
    bootId: 'boot',
    vantage: vantageToWire(WEB),
    version: '',
    protocol: PROTOCOL,
    oldestUnacknowledged: 0,
    planVersion: 0,
  };
  call.hear({ $case: 'hello', value });
  await resumed;
  return call;
}

function batch(sequence: number): NonNullable<AgentMessage['body']> {
  const value = batchToWire({ sequence, reports: [silentReport(sequence)], droppedBefore: 0, fitness: FIT });
  return { $case: 'batch', value };
}

t.test('acknowledgements to an agent that reads none are not kept, but for the last one', async (t) => {
  const call = await opened();
  call.hear(batch(1));
  call.writableNeedDrain = true;
  for (let sequence = 2; sequence <= 10_000; sequence += 1) call.hear(batch(sequence));
  t.equal(call.written.length, 1);
  call.writableNeedDrain = false;
  call.emit('drain');
  t.match(call.written, [{ body: { value: { sequence: 1 } } }, { body: { value: { sequence: 10_000 } } }]);
  call.emit('drain');
  t.equal(call.written.length, 2);
  call.emit('close');
});
