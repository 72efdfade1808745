/** Carries TCP to other places, but not before a test lets a connection pass. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Address } from '../../proto/vocabulary.ts';

export interface HoldingRelays extends AsyncDisposable {
  /** Where to dial for `to`: the same place for the same address. */
  readonly via: (to: Address) => Address;
  /** Connections that stand and wait. */
  readonly waiting: () => number;
  /** Lets so many pass, those that wait longest first. */
  readonly pass: (count: number) => void;
  /** Holds nothing from now on. */
  readonly open: () => void;
}

interface Relay {
  readonly server: Server;
  readonly address: Address;
  to: Address | undefined;
}

/** @param places How many different addresses can be asked for. */
export async function startHoldingRelays(places: number): Promise<HoldingRelays> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let isOpen = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const carry = (inner: Socket, { to }: Relay): void => {
    if (to === undefined || inner.destroyed) return;
    const outer = keep(connect(to.port, to.host));
    // A reset has to arrive as a reset: it is what the test's agent is there to see.
    outer
      .on('error', () => inner.resetAndDestroy())
      .on('close', () => {
        inner.destroySoon();
      });
    inner.on('close', () => outer.destroy());
    inner.pipe(outer).pipe(inner);
  };
  const listen = async (): Promise<Relay> => {
    const server = createServer((inner) => {
      keep(inner);
      if (isOpen) carry(inner, relay);
      else
        held.push(() => {
          carry(inner, relay);
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const relay: Relay = { server, to: undefined, address: { host: '127.0.0.1', port: portOf(server) } };
    return relay;
  };
  const relays = await Promise.all(Array.from({ length: places }, listen));
  return {
    via: (to) => {
      const same = relays.find((relay) => relay.to?.host === to.host && relay.to.port === to.port);
      const relay = same ?? relays.find((free) => free.to === undefined);
      if (relay === undefined) throw new RangeError(`more than ${String(places)} addresses`);
      relay.to = to;
      return relay.address;
    },
    waiting: () => held.length,
    pass: (count) => {
      for (const go of held.splice(0, count)) go();
    },
    open: () => {
      isOpen = true;
      for (const go of held.splice(0)) go();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = relays.map(({ server }) => once(server, 'close'));
      for (const { server } of relays) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
