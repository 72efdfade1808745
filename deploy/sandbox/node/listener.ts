/** A listening address of a proxy, with every connection that it took. */
import { once } from 'node:events';
import net from 'node:net';
import { MeshproofError } from '../../../proto/errors.ts';
import type { Address } from '../../../proto/vocabulary.ts';

/** Half-open connections stay open: a client may close its side and still wait for the answer. */
export async function listen(address: Address, take: (socket: net.Socket) => Promise<void>): Promise<AsyncDisposable> {
  const open = new Set<net.Socket>();
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
    const at = `${address.host}:${String(address.port)}`;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${at} (${code})`, {
      cause: error,
      hint: `End the process that listens on ${at}, or change the port in reality.yaml.`,
    });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
