/** Servers that misbehave on purpose, one way each; for probes that must say what they saw. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Address } from '../../../proto/vocabulary.ts';

export interface Listening extends AsyncDisposable {
  readonly address: Address;
}

/** What a server does with a connection once the first bytes have come. */
export type Behaviour = (socket: Socket, bytes: Buffer) => void;

const TRICKLE_MS = 10;
/** Written at once by servers that never end: many small writes would keep the test's own event loop busy. */
const BLOCK_BYTES = 64 * 1024;

export const reset: Behaviour = (socket) => {
  socket.resetAndDestroy();
};
export const close: Behaviour = (socket) => {
  socket.end();
};
export const hang: Behaviour = () => undefined;

/** Writes these bytes and leaves the connection open. */
export function say(bytes: string | Buffer): Behaviour {
  return (socket) => {
    socket.write(bytes);
  };
}

/** Writes these bytes and closes. */
export function sayAndClose(bytes: string | Buffer): Behaviour {
  return (socket) => {
    socket.end(bytes);
  };
}

/** Writes these bytes and resets; what was written arrives first. */
export function sayAndReset(bytes: string | Buffer): Behaviour {
  return (socket) => {
    socket.write(bytes, () => socket.resetAndDestroy());
  };
}

/** Writes one byte after the other, slowly, and then hangs. */
export function trickle(bytes: string | Buffer, first: string | Buffer = ''): Behaviour {
  return (socket) => {
    const rest = Buffer.from(bytes);
    let at = 0;
    socket.write(first);
    const timer = setInterval(() => {
      if (at < rest.length) socket.write(rest.subarray(at, (at += 1)));
    }, TRICKLE_MS);
    socket.once('close', () => {
      clearInterval(timer);
    });
  };
}

/** Writes the same bytes again and again, as fast as they are taken. */
export function sayForever(bytes: string | Buffer, first: string | Buffer = ''): Behaviour {
  const block = Buffer.concat(Array<Buffer>(Math.ceil(BLOCK_BYTES / bytes.length)).fill(Buffer.from(bytes)));
  return (socket) => {
    const more = (): void => {
      while (socket.writable && socket.write(block));
    };
    socket.on('drain', more);
    socket.write(first);
    more();
  };
}

export function serveTcp(behaviour: Behaviour): Promise<Listening> {
  return listening(
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes) => {
        behaviour(socket, bytes);
      });
    }),
  );
}

/** Behaves so before it was sent anything. */
export function serveOnConnect(behaviour: (socket: Socket) => void): Promise<Listening> {
  return listening(
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      behaviour(socket);
    }),
  );
}

/** Behaves so inside TLS. */
export function serveTls(
  options: TlsOptions,
  behaviour: (socket: TLSSocket, first: Buffer) => void,
): Promise<Listening> {
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      behaviour(socket, first);
    });
  });
  server.on('tlsClientError', () => undefined);
  return listening(server);
}

/** An address of this machine where nothing listens. */
export async function refusedAddress(): Promise<Address> {
  await using server = await serveTcp(hang);
  return server.address;
}

async function listening(server: Server): Promise<Listening> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
