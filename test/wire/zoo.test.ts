/** Every server that misbehaves: its own class, within the deadline, on one socket, with bounded reading. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import t from 'tap';
import { probeOnce } from '../support/probing.ts';
import type { Animal } from './zoo/animal.ts';
import { ZOO } from './zoo/zoo.ts';

/** Of the answer 64 KiB are read, and the piece that goes beyond them. */
const MAY_READ = 160 * 1024;
/** Of those that end by themselves, many times what they need; the others wait for it, long enough for a busy machine. */
const TIMEOUT_MS = 10_000;
const LASTING_TIMEOUT_MS = 2_000;
/** A busy machine wakes late; what must not be is an attempt that outlives its deadline for good. */
const MARGIN_MS = 5_000;

/** Node tells of every socket that is made to connect, within the attempt that makes it. */
const socketsOf = new AsyncLocalStorage<Socket[]>();
subscribe('net.client.socket', (message) => {
  const { socket } = message as { readonly socket: Socket };
  socketsOf.getStore()?.push(socket);
});

t.equal(new Set(ZOO.map(({ name }) => name)).size, ZOO.length, 'no two animals have the same name');

// Those that wait come first, together; after them those that keep the machine busy.
t.jobs = 24;
const isLasting = (animal: Animal): boolean => animal.isLasting === true;
for (const animal of [...ZOO.filter(isLasting), ...ZOO.filter((animal) => !isLasting(animal))]) {
  const { name, probe, serve, settings, says, mayRead = MAY_READ } = animal;
  const timeoutMs = isLasting(animal) ? LASTING_TIMEOUT_MS : TIMEOUT_MS;
  t.test(name, { buffered: true, skip: animal.skip ?? false }, async (t) => {
    await using stage = await serve();
    const all = { connectTimeoutMs: timeoutMs, timeoutMs, ...settings, ...stage.settings };
    const sockets: Socket[] = [];
    const startedMs = performance.now();
    const outcome = await socketsOf.run(sockets, () => probeOnce(probe, stage.address, all));
    t.match(outcome, says);
    t.ok(performance.now() - startedMs < timeoutMs + MARGIN_MS, 'within the deadline');
    t.ok(sockets.length <= 1, 'one socket');
    const read = sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    t.ok(read <= mayRead, `${String(read)} bytes read`);
  });
}
