/** A listening address of a proxy, with every connection that it took. */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MeshproofError } from '../../../proto/errors.ts';
import { addressText } from '../../../proto/vocabulary.ts';
import type { Address } from '../../../proto/vocabulary.ts';

export type Take = (socket: net.Socket) => Promise<void>;

export interface Listener extends AsyncDisposable {
  /**
   * New connections go to `take` from now on, and the address never stops to answer. Resolves when the last of the
   * connections before has ended: by itself, or by force after a moment.
   */
  readonly handOver: (take: Take) => Promise<void>;
}

/** For what is under way to end by itself; a probe's connection takes a few milliseconds. */
const DRAIN_MS = 250;

/** Half-open connections stay open: a client may close its side and still wait for the answer. */
export async function listen(address: Address, first: Take): Promise<Listener> {
  const open = new Set<net.Socket>();
  let take = first;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // An error is always followed by `close`, which everyone who uses the socket waits for.
    socket.on('error', () => undefined);
    // A fault of our own must not look like silence.
    take(socket).catch(() => socket.destroy());
  });
  try {
    server.listen({ host: address.host, port: address.port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const at = addressText(address);
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${at} (${code})`, {
      cause: error,
      hint: `End the process that listens on ${at}, or change the port in reality.yaml.`,
    });
  }
  return {
    handOver: async (next) => {
      take = next;
      await ended([...open]);
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function ended(sockets: readonly net.Socket[]): Promise<void> {
  if (sockets.length === 0) return;
  const all = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  const over = new AbortController();
  await Promise.race([all, sleep(DRAIN_MS, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
  for (const socket of sockets) socket.destroy();
  await all;
}
