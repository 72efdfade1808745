/** The witness side: answers probes over HTTP/1.1, gRPC (h2c) and TCP, and says what it saw of the caller. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { MeshproofError, messageOf } from '../proto/errors.ts';
import '../proto/http2-lifetimes.ts';
import { addressText } from '../proto/vocabulary.ts';
import type { Address, ApplicationProtocol } from '../proto/vocabulary.ts';
import { ATTEMPT_HEADER, lastCaller, STATEMENT_HEADER, tokenIn, WITNESS_HEADER } from './witness.ts';
import type { Statement } from './witness.ts';

export interface WitnessListener {
  /** Port 0 takes a free one. */
  readonly address: Address;
  readonly protocol: ApplicationProtocol;
  /** A proxy that sets or removes x-forwarded-client-cert stands before this port; without it the header is not believed. */
  readonly setsXfcc: boolean;
  /**
   * Some proxy stands before this port, even if it sets no header (a TCP filter chain). Where it is false, bytes that
   * arrive here in plaintext came in plaintext all the way.
   * @default the value of `setsXfcc`; true for `tcp`
   */
  readonly isBehindProxy?: boolean;
}

export interface ResponderOptions {
  /** `namespace/pod`, as it will be named in statements. */
  readonly pod: string;
  readonly listeners: readonly WitnessListener[];
  readonly signal: AbortSignal;
}

export interface Responder extends AsyncDisposable {
  /** Where it listens, in the order of the listeners. */
  readonly addresses: readonly Address[];
}

/** A proxy keeps its upstream connections for reuse; closing them early would look like a mesh fault. */
const KEEP_ALIVE_MS = 120_000;
const IDLE_MS = 120_000;
/** grpc.health.v1.HealthCheckResponse {status: SERVING}, uncompressed, with its length. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

type Say = (token: string, xfcc: string | undefined) => Statement;

/**
 * Resolves when every listener listens. Any path answers 200; any gRPC health check answers SERVING.
 * Ends when disposed or when the signal aborts. Rejects with MPE_PORT_IN_USE; then nothing listens.
 */
export async function startResponder({ pod, listeners, signal }: ResponderOptions): Promise<Responder> {
  signal.throwIfAborted();
  const open = new Set<Socket>();
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', closeOnAbort);
    const closed = servers.filter((server) => server.listening).map((server) => once(server, 'close'));
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
    await Promise.all(closed);
  };
  const closeOnAbort = (): void => void close();
  signal.addEventListener('abort', closeOnAbort);
  try {
    const addresses = await Promise.all(
      listeners.map((listener) => {
        const server = serverFor(listener, pod);
        server.on('connection', (socket: Socket) => {
          open.add(socket);
          socket.once('close', () => open.delete(socket));
        });
        servers.push(server);
        return listen(server, listener.address);
      }),
    );
    return { addresses, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function serverFor(listener: WitnessListener, pod: string): Server {
  const isProof = listener.setsXfcc && listener.protocol !== 'tcp';
  const behindProxy = listener.isBehindProxy ?? (listener.setsXfcc || listener.protocol === 'tcp');
  const say: Say = (token, xfcc) => ({ pod, token, caller: isProof ? lastCaller(xfcc) : null, isProof, behindProxy });
  switch (listener.protocol) {
    case 'http':
      return createHttpServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
        answerHttp(request, response, say);
      });
    case 'grpc': {
      const server = createHttp2Server();
      server.on('stream', (stream, headers) => {
        answerGrpc(stream, headers, say);
      });
      return server;
    }
    case 'tcp':
      return createTcpServer((socket) => {
        answerTcp(socket, say);
      });
  }
}

function answerHttp(request: IncomingMessage, response: ServerResponse, say: Say): void {
  request.resume();
  const body = JSON.stringify(say(single(request.headers[ATTEMPT_HEADER]), single(request.headers[XFCC])));
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    [WITNESS_HEADER]: '1',
  });
  response.end(body);
}

function answerGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, say: Say): void {
  stream.on('error', () => stream.destroy());
  stream.resume();
  const statement = JSON.stringify(say(single(headers[ATTEMPT_HEADER]), single(headers[XFCC])));
  const isKnown = headers[':path'] === HEALTH_CHECK;
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', [WITNESS_HEADER]: '1', [STATEMENT_HEADER]: statement },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': isKnown ? '0' : '12' });
  });
  stream.end(isKnown ? SERVING : undefined);
}

/** Every arrival of bytes is answered by one line, whatever the bytes were: a server that speaks no known protocol. */
function answerTcp(socket: Socket, say: Say): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('data', (bytes) => {
    socket.write(`${JSON.stringify(say(tokenIn(bytes.toString('latin1')), undefined))}\n`);
  });
}

const XFCC = 'x-forwarded-client-cert';

function single(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

async function listen(server: Server, address: Address): Promise<Address> {
  try {
    const listening = once(server, 'listening');
    server.listen({ host: address.host, port: address.port, exclusive: true });
    await listening;
  } catch (error) {
    throw new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${addressText(address)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const bound = server.address();
  return { host: address.host, port: bound !== null && typeof bound === 'object' ? bound.port : address.port };
}
