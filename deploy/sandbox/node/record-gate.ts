/** Stands between a socket and the TLS server on it, and holds back the server's last flight until the client was judged. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const HANDSHAKE_RECORD = 22;
const APPLICATION_RECORD = 23;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;

/**
 * Node's server finishes the handshake whatever the client's certificate is worth. From the client's second flight on,
 * what it writes waits here, so that a refusal can take the place of its Finished (TLS 1.2) or be the first record under
 * the application keys (TLS 1.3).
 */
export class RecordGate extends Duplex {
  readonly #socket: Socket;
  /** Bytes of the client's current record that are still to come, and the header as far as it has come. */
  #bytesLeft = 0;
  #header = Buffer.alloc(0);
  /** `before`: the hellos; `holding`: the client's second flight has come; `open`: judged. */
  #state: 'before' | 'holding' | 'open' = 'before';
  #held: Buffer[] = [];

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (this.#state === 'before') this.#watch(chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  /** Lets through what was held, and everything from now on. */
  open(): void {
    this.#state = 'open';
    for (const chunk of this.#held.splice(0)) this.#socket.write(chunk);
  }

  /** Sends these bytes instead of what was held, and ends the connection. */
  refuse(instead: Buffer): void {
    this.#held = [];
    this.#state = 'open';
    this.#socket.end(instead);
    this.#socket.destroySoon();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#state === 'holding') {
      this.#held.push(chunk);
      done();
    } else if (this.#socket.writable) this.#socket.write(chunk, done);
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.open();
    if (this.#socket.writable) this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.open();
    this.#socket.destroySoon();
    done(error);
  }

  /** Looks for the client's first record that is no hello (a second hello follows a HelloRetryRequest) and no CCS. */
  #watch(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#bytesLeft > 0) {
        const skipped = Math.min(this.#bytesLeft, chunk.length - at);
        this.#bytesLeft -= skipped;
        at += skipped;
        continue;
      }
      // The record header and the first byte of what it holds.
      const wanted = RECORD_HEADER_BYTES + 1 - this.#header.length;
      const more = chunk.subarray(at, at + wanted);
      this.#header = Buffer.concat([this.#header, more]);
      at += more.length;
      if (more.length < wanted) return;
      const [type, , , high = 0, low = 0, first] = this.#header;
      this.#bytesLeft = high * 256 + low - 1;
      this.#header = Buffer.alloc(0);
      if (type === APPLICATION_RECORD || (type === HANDSHAKE_RECORD && first !== CLIENT_HELLO)) {
        this.#state = 'holding';
        return;
      }
    }
  }
}
