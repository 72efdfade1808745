/** Carries TCP to a server, and cuts everything that it carries when it is told to. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from '../../proto/vocabulary.ts';

export interface CuttingRelay extends AsyncDisposable {
  readonly address: Address;
  /** How many connections it has carried so far. */
  readonly carried: () => number;
  /** How many of them it has cut. */
  readonly resets: () => number;
  /** As if the network had failed: a reset on both sides. */
  readonly cut: () => void;
}

export async function startCuttingRelay(to: Address): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let carried = 0;
  let resets = 0;
  const dialled = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((inner) => {
    carried += 1;
    const outer = connect(to.port, to.host);
    keep(inner);
    keep(outer);
    dialled.add(inner);
    inner.on('close', () => dialled.delete(inner));
    inner.pipe(outer).pipe(inner);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    resets += [...dialled].filter(({ destroyed }) => !destroyed).length;
    for (const socket of sockets) if (!socket.destroyed) socket.resetAndDestroy();
  };
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    carried: () => carried,
    resets: () => resets,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
