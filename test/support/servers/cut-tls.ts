/** A TLS server behind a relay, so that the connection can be cut underneath TLS: in the handshake, or after it. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Behaviour, Listening } from './misbehaving.ts';
import { serveTls } from './misbehaving.ts';

/**
 * Hands the first bytes of the server's flight on, and then behaves so on the bare connection.
 * @param count Bytes of the server that pass: a few are within the ServerHello, a few hundred amid the certificate.
 */
export async function serveCutTls(options: TlsOptions, count: number, then: Behaviour): Promise<Listening> {
  const whole = await serveTls(options, (socket) => socket.end());
  return relay(whole, (near, far) => {
    let left = count;
    far.on('data', (bytes) => {
      if (left <= 0) return;
      const passed = bytes.subarray(0, left);
      left -= passed.length;
      near.write(passed);
      if (left === 0) then(near, bytes.subarray(passed.length));
    });
  });
}

/** Behaves so on the bare connection once the request has been read inside TLS, and the session tickets are through. */
export async function serveTlsUnderneath(options: TlsOptions, then: Behaviour): Promise<Listening> {
  const nearOf = new Map<number | undefined, Socket>();
  const whole = await serveTls(options, (socket) => {
    const near = nearOf.get(socket.remotePort);
    if (near !== undefined) afterQuietTurns(near, then);
  });
  return relay(whole, (near, far) => {
    far.once('connect', () => {
      const port = far.localPort;
      nearOf.set(port, near);
      near.once('close', () => nearOf.delete(port));
    });
    far.on('data', (bytes) => {
      if (near.writable) near.write(bytes);
    });
  });
}

/** Turns of the event loop in which nothing was handed on; what the server wrote before is through by then. */
const QUIET_TURNS = 5;

function afterQuietTurns(near: Socket, then: Behaviour): void {
  let [quiet, written] = [0, near.bytesWritten];
  const turn = (): void => {
    quiet = near.bytesWritten === written ? quiet + 1 : 0;
    written = near.bytesWritten;
    if (quiet === QUIET_TURNS) then(near, Buffer.alloc(0));
    else setImmediate(turn);
  };
  turn();
}

async function relay(whole: Listening, hand: (near: Socket, far: Socket) => void): Promise<Listening> {
  const open = new Set<Socket>();
  const front = createServer((near) => {
    const far = connect(whole.address.port, whole.address.host);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => open.delete(socket));
    }
    near.pipe(far);
    near.once('close', () => far.destroy());
    hand(near, far);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      const closed = once(front, 'close');
      front.close();
      for (const socket of open) socket.destroy();
      await closed;
      await whole[Symbol.asyncDispose]();
    },
  };
}
