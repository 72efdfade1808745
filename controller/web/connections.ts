/** Connections that nobody uses make room for those that somebody does: thousands that say nothing disturb nobody. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';

export interface Connections {
  /** Keeps the connection of an event stream, however long ago its request was, until it ends. */
  readonly keep: (socket: Socket) => void;
}

/**
 * The connection whose latest request is longest ago goes first. So one that has just come, and asks within the time
 * that `limit` others take to come, is answered, whoever else holds connections open without asking.
 */
export function boundConnections(server: Server, limit: number, onEvicted: () => void): Connections {
  /** In the order of their latest request, or of their coming. */
  const waiting = new Set<Socket>();
  const kept = new WeakSet<Socket>();

  const touch = (socket: Socket): void => {
    waiting.delete(socket);
    if (socket.destroyed || kept.has(socket)) return;
    waiting.add(socket);
    if (waiting.size <= limit) return;
    const [oldest] = waiting;
    if (oldest === undefined) return;
    waiting.delete(oldest);
    oldest.destroy();
    onEvicted();
  };

  const come = (socket: Socket): void => {
    socket.once('close', () => waiting.delete(socket));
    touch(socket);
  };
  server.on('connection', come);
  if (server instanceof TlsServer) {
    // Requests come over a socket that takes the place of the one that came, as soon as hands are shaken.
    const shaking = new Map<string, Socket>();
    server.on('connection', (socket: Socket) => {
      const name = nameOf(socket);
      shaking.set(name, socket);
      socket.once('close', () => {
        if (shaking.get(name) === socket) shaking.delete(name);
      });
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      const name = nameOf(socket);
      const former = shaking.get(name);
      if (former !== undefined) waiting.delete(former);
      shaking.delete(name);
      come(socket);
    });
  }
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    touch(socket);
    response.once('finish', () => {
      touch(socket);
    });
  });
  // What is closed here counts until the end of the turn in which it was closed; a turn takes at most a backlog in.
  server.maxConnections = limit + BACKLOG + SPARE;
  return {
    keep: (socket) => {
      kept.add(socket);
      waiting.delete(socket);
    },
  };
}

/** Node's default, and most kernels' (net.core.somaxconn caps it). */
const BACKLOG = 511;
/** For streams that are kept. */
const SPARE = 1024;

/** Both ends: no two connections that stand have the same. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
