/** Clients that send what no honest caller sends, and say what the wire showed in a few fixed words. */
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { SecureVersion } from 'node:tls';
import type { Address } from '../../proto/vocabulary.ts';

/**
 * `answer`: application bytes came back (inside TLS where there was TLS); `plaintext-answer`: to a TLS client, in the
 * clear; `alert`: a TLS alert of that number; `reset`, `closed` (FIN without bytes), `silent` until the deadline.
 */
export type Showing =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'plaintext-answer'; readonly text: string }
  | { readonly kind: 'alert'; readonly number: number }
  | { readonly kind: 'reset' | 'closed' | 'silent' }
  | { readonly kind: 'fault'; readonly text: string };

export interface PlainCall {
  readonly to: Address;
  /** Sent at once; empty: nothing, a client that waits for the server. */
  readonly bytes: string | Buffer;
  readonly waitMs: number;
  /** The caller's own end; the system's choice where it is not given. */
  readonly from?: Address;
}

export interface TlsCall extends PlainCall {
  readonly alpn: readonly string[];
  readonly version: SecureVersion;
  readonly serverName?: string;
  readonly certificate?: { readonly key: string; readonly chain: string };
}

export const HTTP_REQUEST = 'GET / HTTP/1.1\r\nhost: t.foo\r\n\r\n';
/** Not HTTP, and long enough for a protocol inspector to decide. */
export const BYTES = 'hello world\n';

export function callPlain(call: PlainCall): Promise<Showing> {
  const socket = dial(call);
  socket.once('connect', () => {
    if (call.bytes.length > 0) socket.write(call.bytes);
  });
  return firstShowing(socket, socket, call.waitMs);
}

function dial({ to, from }: PlainCall): Socket {
  return connectTcp({ ...to, ...(from !== undefined && { localAddress: from.host, localPort: from.port }) });
}

/** Accepts any server certificate: what is asked here is what the server makes of the client. */
export function callTls(call: TlsCall): Promise<Showing> {
  const socket = dial(call);
  const tap = new Tap(socket);
  const secure = connectTls({
    socket: tap,
    rejectUnauthorized: false,
    minVersion: call.version,
    maxVersion: call.version,
    ...(call.alpn.length > 0 && { ALPNProtocols: [...call.alpn] }),
    ...(call.serverName !== undefined && { servername: call.serverName }),
    ...(call.certificate !== undefined && { key: call.certificate.key, cert: call.certificate.chain }),
  });
  secure.once('secureConnect', () => secure.write(call.bytes));
  return firstShowing(secure, socket, call.waitMs, tap);
}

function firstShowing(stream: Duplex, socket: Socket, waitMs: number, tap?: Tap): Promise<Showing> {
  return new Promise((resolve) => {
    const settle = (showing: Showing): void => {
      clearTimeout(deadline);
      resolve(showing);
      stream.destroy();
      socket.destroy();
    };
    const deadline = setTimeout(() => {
      settle({ kind: 'silent' });
    }, waitMs);
    stream.once('data', (bytes: Buffer) => {
      settle({ kind: 'answer', text: bytes.toString('latin1') });
    });
    stream.once('end', () => {
      settle({ kind: 'closed' });
    });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      settle(showingOf(error, tap?.firstBytes ?? ''));
    });
  });
}

function showingOf(error: NodeJS.ErrnoException, firstBytes: string): Showing {
  const alert = /alert number (?<number>\d+)/.exec(error.message)?.groups?.['number'];
  if (alert !== undefined) return { kind: 'alert', number: Number(alert) };
  if (firstBytes !== '' && !/^[\x14-\x17]\x03/.test(firstBytes)) return { kind: 'plaintext-answer', text: firstBytes };
  if (error.code === 'ECONNRESET') return { kind: error.syscall === 'read' ? 'reset' : 'closed' };
  return { kind: 'fault', text: `${error.code ?? ''} ${error.message}` };
}

/** A socket that remembers what came first: a TLS library says "wrong version number" but not what it read instead. */
class Tap extends Duplex {
  firstBytes = '';
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.firstBytes === '') this.firstBytes = bytes.toString('latin1');
      this.push(bytes);
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }
}
