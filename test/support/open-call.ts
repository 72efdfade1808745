/** A connection that is kept, with one request after another on it. */
import { once } from 'node:events';
import net from 'node:net';
import { proxyHeader } from '../../agent/proxy-header.ts';
import type { Address } from '../../proto/vocabulary.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: t\r\n\r\n';

export class OpenCall implements AsyncDisposable {
  readonly #socket: net.Socket;
  #isOver = false;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => (this.#isOver = true));
    socket.on('end', () => (this.#isOver = true));
  }

  /** With a destination: through a capture point, as traffic that was meant for it. */
  static async to(address: Address, destination?: Address): Promise<OpenCall> {
    const socket = net.connect(address);
    const open = new OpenCall(socket);
    await once(socket, 'connect');
    if (destination !== undefined) socket.write(proxyHeader({ host: '127.0.0.1', port: 40_000 }, destination));
    return open;
  }

  /** The answer, whole: it is small. `ended`: none came, the connection is over. */
  async ask(): Promise<string> {
    if (this.#isOver) return 'ended';
    const end = new AbortController();
    const { signal } = end;
    const over = Promise.race([once(this.#socket, 'close', { signal }), once(this.#socket, 'end', { signal })]);
    const answer = once(this.#socket, 'data', { signal }).then(([bytes]) => (bytes as Buffer).toString());
    this.#socket.write(REQUEST);
    try {
      return await Promise.race([answer, over.then(() => 'ended')]);
    } finally {
      end.abort();
      await Promise.allSettled([answer, over]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }
}
