/** The socket under a gRPC channel, which grpc-js does not show: seen as Node opens it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket, isIP } from 'node:net';
import type { Address } from '../../proto/vocabulary.ts';

/** Node's own: every client socket, before it connects. */
const CHANNEL = 'net.client.socket';

/** Watches from its making until it is disposed. */
export class OwnSocket implements Disposable {
  readonly #remote: Address;
  readonly #onSocket = (message: unknown): void => {
    const socket = typeof message === 'object' && message !== null && 'socket' in message ? message.socket : undefined;
    if (!(socket instanceof Socket)) return;
    socket.once('connect', () => {
      this.#consider(socket);
    });
  };
  #local: Address | undefined;

  constructor(remote: Address) {
    this.#remote = remote;
    subscribe(CHANNEL, this.#onSocket);
  }

  /** Our end of the latest connection to the remote; undefined: there was none. */
  get local(): Address | undefined {
    return this.#local;
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#onSocket);
  }

  /** A remote that has a name is known by its port: nothing else dials it while the channel opens. */
  #consider({ remoteAddress, remotePort, localAddress, localPort }: Socket): void {
    const { host, port } = this.#remote;
    if (remotePort !== port || (isIP(host) !== 0 && remoteAddress !== host)) return;
    if (localAddress !== undefined && localPort !== undefined) this.#local = { host: localAddress, port: localPort };
  }
}
