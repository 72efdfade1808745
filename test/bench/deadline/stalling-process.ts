/** Peers that stop answering, each at another layer. */
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Address } from '../../../proto/vocabulary.ts';
import type { TestCertificate } from '../../support/certificates.ts';
import { answerQuestions } from '../frame/worker.ts';
import type { ServedStall } from './stall.ts';

/** The target's certificate. */
export type StallingQuestion = TestCertificate;

const DRIP_MS = 100;
const HALF_AN_ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf';

answerQuestions(async ({ key, chain }: StallingQuestion): Promise<Readonly<Record<ServedStall, Address>>> => {
  const silent = (): Server => serverOf(() => undefined);
  const servers: Readonly<Record<ServedStall, Server>> = {
    tls: silent(),
    http: silent(),
    'half-body': serverOf((socket) => socket.write(HALF_AN_ANSWER)),
    'dripping-body': serverOf(drip),
    'http-in-tls': createTlsServer({ key, cert: chain, ALPNProtocols: ['http/1.1'] }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.resume();
    }),
    grpc: createHttp2Server().on('sessionError', () => undefined),
  };
  const addresses = await Promise.all(
    Object.entries(servers).map(async ([stall, server]) => [stall, await listen(server)]),
  );
  return Object.fromEntries(addresses) as Record<ServedStall, Address>;
});

function serverOf(onFirstBytes: (socket: Socket) => void): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      onFirstBytes(socket);
    });
  });
}

function drip(socket: Socket): void {
  socket.write(HALF_AN_ANSWER);
  const timer = setInterval(() => socket.write('.'), DRIP_MS);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

async function listen(server: Server): Promise<Address> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
