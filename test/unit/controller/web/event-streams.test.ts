import Fastify from 'fastify';
import t from 'tap';
import { BEAT_MS, EventStreams } from '../../../../controller/web/event-streams.ts';
import type { EventStream } from '../../../../controller/web/event-streams.ts';
import { EventReader } from '../../../support/event-reader.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

interface Scene extends AsyncDisposable {
  readonly url: string;
  readonly streams: EventStreams;
  readonly clock: ManualClock;
}

async function scene(tell: (stream: EventStream) => Promise<void>): Promise<Scene> {
  const clock = new ManualClock();
  const quiet = (): void => undefined;
  const streams = new EventStreams({ clock, log: { info: quiet, warn: quiet, debug: quiet }, keep: quiet });
  const app = Fastify();
  app.get('/', (_request, reply) => {
    streams.serve(reply, tell);
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    streams,
    clock,
    [Symbol.asyncDispose]: async () => {
      await streams[Symbol.asyncDispose]();
      await app.close();
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await new Promise(setImmediate);
}

t.test('nothing piles up for a reader that does not read: the next piece waits until there is room', async (t) => {
  const piece = `data: ${'x'.repeat(100_000)}\n\n`;
  // Ten times what a kernel keeps for a socket and what Node keeps above it.
  const tooMany = 1000;
  let sent = 0;
  let why: unknown;
  await using here = await scene(async ({ send, signal }) => {
    while (sent < tooMany) {
      await send(piece).catch((error: unknown) => {
        why = error;
        throw signal.reason;
      });
      sent += 1;
    }
  });
  using reader = await EventReader.open(here.url);
  reader.response.pause();
  await turns(2000);
  t.ok(sent > 0 && sent < tooMany, `${String(sent)} pieces were sent`);
  await here.clock.advance(2 * BEAT_MS);
  await turns(10);
  t.equal(here.streams.count, 0, 'and then it is cut');
  t.ok(why instanceof Error, 'which whoever sends is told');
});

t.test('more than two hundred at once are turned down', async (t) => {
  await using here = await scene(({ signal }) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => {
      resolve(undefined);
    });
    return promise;
  });
  const readers = await Promise.all(Array.from({ length: 200 }, () => EventReader.open(here.url)));
  const more = await fetch(here.url);
  t.equal(more.status, 503);
  t.match(await more.json(), { code: 'MPE_OVERLOADED' });
  readers.pop()?.[Symbol.dispose]();
  while (here.streams.count === 200) await new Promise(setImmediate);
  const next = await EventReader.open(here.url);
  t.equal(next.response.statusCode, 200, 'when one has left, there is room again');
  for (const reader of [...readers, next]) reader[Symbol.dispose]();
});

t.test('a stream that has told all ends', async (t) => {
  await using here = await scene(({ send }) => send('data: 1\n\n'));
  using reader = await EventReader.open(here.url);
  t.match(await reader.next(), { data: 1 });
  t.equal(await reader.next(), undefined);
});
