import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import t from 'tap';
import { runAgent } from '../../agent/agent.ts';
import type { AgentConfig } from '../../agent/config.ts';
import type { Log } from '../../agent/log.ts';
import { startResponder } from '../../agent/responder.ts';
import type { Clock } from '../../proto/clock.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Address, PlannedRoute } from '../../proto/vocabulary.ts';
import { batchFromWire, routeToWire } from '../../proto/wire.ts';
import { refusedAddress, serveTcp } from '../support/servers/misbehaving.ts';
import { startController } from '../support/servers/controller.ts';
import type { AgentStream, TestController } from '../support/servers/controller.ts';

const SILENT_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const MINUTE_MS = 60_000;

interface Rig extends AsyncDisposable {
  readonly controller: TestController;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

async function startAgent(clock: Clock = systemClock): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-session-test-'));
  const controller = await startController();
  const controllerCaFile = join(folder, 'ca.pem');
  const tokenFile = join(folder, 'token');
  await writeFile(controllerCaFile, controller.caPem);
  await writeFile(tokenFile, 'join-1\n');
  const config: AgentConfig = {
    agentId: 'web-1',
    vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' },
    controller: controller.address,
    controllerCaFile,
    tokenFile,
    capture: undefined,
    endsSidecar: false,
    readiness: undefined,
    mesh: { trustDomain: 'cluster.local', rootFile: undefined, ca: undefined },
    maxInFlight: 8,
    reconnectJitterMs: 0,
    giveUpAfterMs: 0,
    exitsOnStdinEnd: false,
    logLevel: 'error',
  };
  const stopping = new AbortController();
  const ended = runAgent(config, clock, SILENT_LOG, stopping.signal);
  const stop = (): void => {
    stopping.abort();
  };
  return {
    controller,
    stop,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop();
      await controller[Symbol.asyncDispose]();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function route(number: number, address: Address, changes: Partial<PlannedRoute> = {}): PlannedRoute {
  return {
    route: number,
    slot: 1,
    probe: { kind: 'http', method: 'GET', path: '/' },
    addresses: [address],
    authority: 'a',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 500,
    timeoutMs: 1_000,
    attempts: 1,
    intervalMs: 0,
    ...changes,
  };
}

function welcome(stream: AgentStream, resumeFrom = 1): void {
  const value = {
    resumeFrom,
    credit: 8,
    heartbeatIntervalMs: 60_000,
    planVersion: 1,
    controllerTimeMs: 0,
    observedPeer: undefined,
  };
  stream.say({ $case: 'welcome', value });
}

function plan(stream: AgentStream, routes: readonly PlannedRoute[]): void {
  stream.say({ $case: 'plan', value: { version: 1, routes: routes.map(routeToWire) } });
}

async function nextBatch(stream: AgentStream): Promise<ReturnType<typeof batchFromWire>> {
  const message = await stream.next();
  if (message.$case !== 'batch') throw new Error(`a batch was due, not ${message.$case}`);
  return batchFromWire(message.value);
}

t.test('an agent says Hello with its token, does its plan, and hands over what it saw', async (t) => {
  await using rig = await startAgent();
  const { signal } = new AbortController();
  const listeners = [{ address: { host: '127.0.0.1', port: 0 }, protocol: 'http', setsXfcc: false } as const];
  await using responder = await startResponder({ pod: 'shop/pay', listeners, signal });
  const stream = await rig.controller.nextAgent();
  t.equal(stream.token, 'Bearer join-1');
  t.match(await stream.next(), { $case: 'hello', value: { agentId: 'web-1', oldestUnacknowledged: 0 } });
  welcome(stream);
  plan(
    stream,
    responder.addresses.map((address) => route(1, address, { attempts: 2 })),
  );
  const batch = await nextBatch(stream);
  t.equal(batch.sequence, 1);
  t.match(batch.reports, [
    { route: 1, slot: 1, attempt: 0, outcome: { kind: 'reached', witness: { pod: 'shop/pay' } } },
    { route: 1, slot: 1, attempt: 1, outcome: { kind: 'reached' } },
  ]);
});

t.test('after a lost stream the same boot comes back, and what was not acknowledged comes again, once', async (t) => {
  await using rig = await startAgent();
  const address = await refusedAddress();
  const first = await rig.controller.nextAgent();
  const hello = await first.next();
  welcome(first);
  plan(first, [route(1, address)]);
  const sent = await nextBatch(first);
  first.fail(status.UNAVAILABLE, 'going away');
  const second = await rig.controller.nextAgent();
  const again = await second.next();
  t.match(again, { $case: 'hello', value: { oldestUnacknowledged: 1, planVersion: 1 } });
  t.equal(again.$case === 'hello' && again.value.bootId, hello.$case === 'hello' && hello.value.bootId);
  welcome(second, 1);
  t.strictSame(await nextBatch(second), sent);
  second.say({ $case: 'ack', value: { sequence: 1, credit: 8 } });
  plan(second, [route(1, address), route(2, address)]);
  const news = await nextBatch(second);
  t.strictSame(
    news.reports.map((report) => report.route),
    [2],
    'a route that was done is not done again',
  );
  t.equal(news.sequence, 2);
});

t.test('Drain ends the agent in good order, with what was in flight', async (t) => {
  await using rig = await startAgent();
  const received = Promise.withResolvers<() => void>();
  await using server = await serveTcp((socket) => {
    received.resolve(() => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const stream = await rig.controller.nextAgent();
  await stream.next();
  welcome(stream);
  plan(stream, [route(1, server.address)]);
  const answer = await received.promise;
  stream.say({ $case: 'drain', value: { reason: 'done', graceMs: 3_000 } });
  answer();
  const batch = await nextBatch(stream);
  t.match(batch.reports, [{ route: 1, outcome: { kind: 'reached' } }]);
  stream.say({ $case: 'ack', value: { sequence: batch.sequence, credit: 8 } });
  await rig.ended;
});

t.test('a refused agent keeps away for a minute and more, unless it is told to end', async (t) => {
  const wait = Promise.withResolvers<AbortSignal | undefined>();
  const sleep: Clock['sleep'] = (delayMs, signal) => {
    if (delayMs >= MINUTE_MS) wait.resolve(signal);
    return systemClock.sleep(delayMs, signal);
  };
  await using rig = await startAgent({ ...systemClock, sleep });
  const stream = await rig.controller.nextAgent();
  stream.fail(status.UNAUTHENTICATED, 'no such token');
  await stream.ended;
  const signal = await wait.promise;
  t.equal(signal?.aborted, false, 'it waits');
  rig.stop();
  await rig.ended;
  t.equal(signal?.aborted, true, 'and waits no longer');
});
