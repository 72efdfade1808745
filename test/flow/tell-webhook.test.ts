import { createHmac } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import t from 'tap';
import { MeshproofError } from '../../proto/errors.ts';
import type { Sink } from '../../controller/tell/sink.ts';
import { startTelling } from '../../controller/tell/telling.ts';
import type { SinkState } from '../../controller/tell/telling.ts';
import { webhookSink } from '../../controller/tell/webhook.ts';
import type { WebhookOptions } from '../../controller/tell/webhook.ts';
import { EagerClock } from '../support/eager-clock.ts';
import {
  FakeMonitored,
  FakeStore,
  NOON_MS,
  currentOf,
  driftingCell,
  summary,
  transition,
} from '../support/monitored.ts';
import { WebhookReceiver, answers } from '../support/webhook-receiver.ts';
import type { Answer } from '../support/webhook-receiver.ts';

const PATIENCE_MS = 12_345;
const SECRET = 'PLANTED-9b1f7c22d04e';
const exposed = driftingCell({ source: 'legacy/batch', to: 'shop/pay:8080' }, 'exposed');

/** A monitor that tells one webhook; waiting takes no time. */
async function telling(options: Pick<WebhookOptions, 'url'> & Partial<WebhookOptions>, queueLength = 1000) {
  const monitored = new FakeMonitored(currentOf([]));
  const store = new FakeStore();
  const said: string[] = [];
  const clock = new EagerClock(PATIENCE_MS, NOON_MS);
  const sink: Sink = {
    ...webhookSink({ name: 'pager', source: '/meshproof/test', ...options }, clock),
    patienceMs: PATIENCE_MS,
  };
  const deps = { clock, events: store.events, debug: (line: string) => said.push(line), random: () => 0 };
  const runner = startTelling(monitored, [sink], deps, { queueLength, refusals: 3, oldestMs: Infinity });
  const state = (): SinkState => {
    const [only] = runner.states();
    if (only === undefined) throw new Error('there is one sink');
    return only;
  };
  /** Looks again whenever something may have happened, and ends with the test at the latest. */
  const until = async (isSo: (state: SinkState) => boolean): Promise<void> => {
    while (!isSo(state())) await new Promise(setImmediate);
  };
  await until(({ position }) => position !== null);
  return {
    said,
    clock,
    state,
    until,
    happen: (count = 1) => {
      for (let left = count; left > 0; left -= 1) {
        for (const event of store.keep(transition(exposed))) monitored.tell(event);
      }
    },
    sweepEnds: () => {
      for (const event of store.keep({ kind: 'sweep', atMs: NOON_MS, sweep: summary('s') })) monitored.tell(event);
    },
    [Symbol.asyncDispose]: () => runner[Symbol.asyncDispose](),
  };
}

t.test('an event comes as a CloudEvent in structured mode, once, signed over exactly what came', async (t) => {
  const secretFile = join(t.testdir({ secret: `whsec_${Buffer.from(SECRET).toString('base64')}\n` }), 'secret');
  await using receiver = await WebhookReceiver.start();
  await using scene = await telling({ url: receiver.url, secretFile });
  scene.happen();
  await scene.until(({ told }) => told === 1);
  const [delivery] = receiver.deliveries;
  t.equal(receiver.deliveries.length, 1);
  t.match(delivery?.headers, {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'webhook-id': '1',
    'webhook-timestamp': String(NOON_MS / 1000),
  });
  t.match(JSON.parse(delivery?.body ?? ''), {
    specversion: '1.0',
    id: '1',
    source: '/meshproof/test',
    type: 'io.meshproof.transition',
    time: '2026-01-02T12:00:00.000Z',
    data: { kind: 'transition', to: 'exposed', cause: { code: 'MP1005' } },
  });
  // As a receiver would check it, with nothing of ours.
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = delivery?.headers ?? {};
  const content = [id, at, delivery?.body].join('.');
  t.equal(signature, `v1,${createHmac('sha256', SECRET).update(content, 'utf8').digest('base64')}`);
});

t.test('a new secret counts from the next try on; without a readable one nothing is sent', async (t) => {
  const secretFile = join(t.testdir({ secret: 'first' }), 'secret');
  await using receiver = await WebhookReceiver.start();
  await using scene = await telling({ url: receiver.url, secretFile });
  scene.happen();
  await scene.until(({ told }) => told === 1);
  await writeFile(secretFile, 'second');
  scene.happen();
  await scene.until(({ told }) => told === 2);
  const signatures = receiver.deliveries.map(({ headers }) => headers['webhook-signature']);
  t.not(signatures[0], signatures[1]);
  await rm(secretFile);
  scene.happen();
  await scene.until(({ trouble }) => trouble !== null);
  t.equal(receiver.deliveries.length, 2);
  t.match(scene.state().trouble, { why: `${secretFile} cannot be read, or holds no secret` });
  await writeFile(secretFile, 'third');
  await scene.until(({ told }) => told === 3);
  t.equal(receiver.deliveries.length, 3);
});

t.test('ends of sweeps are not posted unless they are asked for', async (t) => {
  await using receiver = await WebhookReceiver.start();
  for (const [kinds, expected] of [
    [undefined, 0],
    [['sweep'], 1],
  ] as const) {
    await using scene = await telling({ url: receiver.url, ...(kinds && { kinds }) });
    scene.sweepEnds();
    await scene.until(({ told }) => told === 1);
    t.equal(receiver.deliveries.length, expected);
  }
});

/** What a receiver does to the first delivery, and what becomes of the event. */
const TROUBLES: readonly (readonly [what: string, answer: Answer, deliveries: number, told: number, why: RegExp])[] = [
  ['500', answers(500), 2, 1, /answered 500$/],
  ['503', answers(503), 2, 1, /answered 503$/],
  ['401, which the next secret may cure', answers(401), 2, 1, /answered 401$/],
  ['404', answers(404), 2, 1, /answered 404$/],
  ['413', answers(413), 1, 0, /answered 413$/],
  ['302 to somewhere else', answers(302, { location: 'http://127.0.0.1:1/elsewhere' }), 2, 1, /answered 302$/],
  ['a broken body of a 200', cutOff, 2, 1, /: ECONNRESET$/],
  ['a closed connection', (response) => response.socket?.destroy(), 2, 1, /: ECONNRESET$/],
  ['garbage', (response) => response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n'), 2, 1, /: HPE_INVALID_CONSTANT$/],
];

function cutOff(response: Parameters<Answer>[0]): void {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('the first of a thousand bytes', () => response.socket?.destroy());
}

for (const [what, answer, deliveries, told, why] of TROUBLES) {
  t.test(`answered with ${what}: ${told === 1 ? 'told with the next try' : 'given up'}`, async (t) => {
    await using receiver = await WebhookReceiver.start((response, delivery, nth) => {
      (nth === 1 ? answer : answers(200))(response, delivery, nth);
    });
    await using scene = await telling({ url: receiver.url });
    scene.happen();
    await scene.until(({ position }) => position === 1);
    t.match(scene.state(), { told, givenUp: 1 - told });
    t.equal(receiver.deliveries.length, deliveries);
    t.match(scene.said[0], why);
    t.equal(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size, 1, 'the same id each time');
    t.same(
      receiver.deliveries.map(({ path }) => path),
      receiver.deliveries.map(() => '/hook'),
    );
  });
}

t.test('a receiver that keeps refusing loses that event alone', async (t) => {
  await using receiver = await WebhookReceiver.start((response, delivery, nth) => {
    answers(delivery.headers['webhook-id'] === '2' ? 500 : 200)(response, delivery, nth);
  });
  await using scene = await telling({ url: receiver.url });
  scene.happen(3);
  await scene.until(({ position }) => position === 3);
  t.same(
    receiver.deliveries.map(({ headers }) => headers['webhook-id']),
    ['1', '2', '2', '2', '3'],
  );
  t.match(scene.state(), { told: 2, givenUp: 1 });
});

for (const [named, retryAfter, expectedMs] of [
  ['seconds', '120', 120_000],
  ['a date', 'Fri, 02 Jan 2026 12:05:00 GMT', 300_000],
  ['a year: an hour is enough', '31536000', 3_600_000],
  ['nonsense: its own pace', 'soon', 250],
] as const) {
  t.test(`a receiver that answers 429 and names ${named} is asked again then`, async (t) => {
    await using receiver = await WebhookReceiver.start((response, delivery, nth) => {
      answers(nth === 1 ? 429 : 202, nth === 1 ? { 'retry-after': retryAfter } : {})(response, delivery, nth);
    });
    await using scene = await telling({ url: receiver.url });
    scene.happen();
    await scene.until(({ told }) => told === 1);
    t.same(scene.clock.waits, [expectedMs]);
  });
}

t.test('a receiver that is dead for a while gets everything in order when it is back, from the store', async (t) => {
  const before = await WebhookReceiver.start();
  const { url, port } = before;
  await before[Symbol.asyncDispose]();
  await using scene = await telling({ url }, 5);
  scene.happen(20);
  await scene.until(({ trouble }) => trouble !== null);
  t.match(scene.state(), { told: 0, givenUp: 0, overflowed: 15 });
  t.equal(scene.state().trouble?.why, `127.0.0.1:${String(port)}: ECONNREFUSED`);
  await using again = await WebhookReceiver.start(answers(200), port);
  await scene.until(({ told }) => told === 20);
  t.same(
    again.deliveries.map(({ headers }) => headers['webhook-id']),
    Array.from({ length: 20 }, (_, at) => String(at + 1)),
  );
});

t.test('a receiver that hangs is left when the try is ended, and nothing of it stays open', async (t) => {
  const hanging = createServer();
  hanging.listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  t.teardown(() => hanging.close());
  const { port } = hanging.address() as AddressInfo;
  const sink = webhookSink(
    { name: 'pager', url: `http://127.0.0.1:${String(port)}`, source: '/m' },
    { nowMs: Date.now },
  );
  const patience = new AbortController();
  const left = Promise.withResolvers<undefined>();
  hanging.on('connection', (socket) => {
    socket.once('data', () => {
      patience.abort(new Error('the time is up'));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      left.resolve(undefined);
    });
  });
  const stored = { id: 1, event: transition(exposed) };
  await t.rejects(sink.tell(stored, currentOf([]), patience.signal), new Error('the time is up'));
  await left.promise;
});

t.test('an answer that never ends is not read to its end', async (t) => {
  await using receiver = await WebhookReceiver.start((response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  await using scene = await telling({ url: receiver.url });
  scene.happen();
  await scene.until(({ told }) => told === 1);
  t.equal(receiver.deliveries.length, 1);
});

t.test('no secret and no credential of a URL is in what is said, whatever goes wrong', async (t) => {
  const secretFile = join(t.testdir({ secret: SECRET }), 'secret');
  const said: string[] = [];
  await using receiver = await WebhookReceiver.start(answers(500));
  const closed = await WebhookReceiver.start();
  await closed[Symbol.asyncDispose]();
  const places = [String(receiver.port), String(closed.port)].map((port) => `http://u:${SECRET}@127.0.0.1:${port}`);
  for (const place of [...places, `https://u:${SECRET}@127.0.0.1:${String(receiver.port)}`]) {
    await using scene = await telling({ url: `${place}/${SECRET}?token=${SECRET}`, secretFile });
    scene.happen();
    await scene.until(({ trouble, givenUp }) => trouble !== null || givenUp > 0);
    said.push(...scene.said, JSON.stringify(scene.state()));
  }
  const basic = Buffer.from(`u:${SECRET}`).toString('base64');
  t.equal(receiver.deliveries[0]?.headers.authorization, `Basic ${basic}`, 'and yet it is used');
  for (const url of [`ftp://u:${SECRET}@example.com/`, `http://u:${SECRET}@:99999/`, SECRET, `http://${SECRET}@`]) {
    try {
      webhookSink({ name: 'pager', url, source: '/m' }, { nowMs: Date.now });
      t.fail('that URL was taken');
    } catch (error) {
      t.ok(error instanceof MeshproofError && error.code === 'MPE_INVALID_CONFIG');
      if (error instanceof MeshproofError) said.push(error.message, error.hint, String(error.cause), error.stack ?? '');
    }
  }
  t.ok(said.length > 12);
  t.notOk(said.join('\n').includes(SECRET));
  t.notOk(said.join('\n').includes(basic));
});
