/** The downstream side of an HTTP filter chain: HTTP/1 or HTTP/2, whichever the connection opens with. */
import http from 'node:http';
import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { chooseCodec } from './http-inspector.ts';
import {
  endToEnd,
  headerOf,
  pairs,
  withoutHeaders,
  type Answer,
  type Headers,
  type HttpResponse,
} from './http-message.ts';
import { badRequest } from './local-reply.ts';
import { peek } from './peek.ts';

export interface HttpChain {
  /** What the `server` header says, whoever answered. */
  readonly serverName: 'envoy' | 'istio-envoy';
  readonly answer: Answer;
}

/** Serves one connection until either side closes it. Bytes that are no HTTP get a plaintext 400. */
export async function serveHttp(stream: Duplex, chain: HttpChain): Promise<void> {
  const codec = await peek(stream, chooseCodec);
  if (codec === undefined) stream.destroy();
  else if (codec === 'h2') serveHttp2(stream, chain);
  else serveHttp1(stream, chain);
}

function serveHttp1(stream: Duplex, { serverName, answer }: HttpChain): void {
  const server = http.createServer({ requireHostHeader: false, keepAliveTimeout: 0, insecureHTTPParser: false });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(badRequest(serverName));
    else socket.destroy();
  });
  server.on('request', (request, response) => {
    const headers = pairs(request.rawHeaders);
    const authority = headerOf(headers, 'host');
    if (authority === undefined) {
      stream.end(badRequest(serverName));
      return;
    }
    response.sendDate = false;
    const { method = '', url = '' } = request;
    const message = { version: 1, method, path: url, authority, headers: endToEnd(headers), body: request } as const;
    void answer(message, goneSignal(stream)).then((answered) => {
      if (stream.destroyed) return;
      // Node frames the body itself, by the length where there is one.
      const framed = withoutHeaders(stamped(answered, serverName), ['transfer-encoding']);
      response.writeHead(answered.status, framed.flat());
      if (typeof answered.body === 'string') {
        response.end(answered.body);
        return;
      }
      // Where the upstream breaks off in the middle, so does the answer.
      answered.body.on('error', () => stream.destroy());
      answered.body.pipe(response);
    });
  });
  server.emit('connection', stream);
}

function serveHttp2(stream: Duplex, { serverName, answer }: HttpChain): void {
  const server = http2.createServer();
  server.on('sessionError', () => stream.destroy());
  server.on('stream', (exchange, pseudo, _flags, flat) => {
    const headers = pairs(flat).filter(([name]) => !name.startsWith(':'));
    const gone = new AbortController();
    exchange
      .on('error', () => undefined)
      .on('close', () => {
        gone.abort();
      });
    const message = {
      version: 2,
      method: pseudo[':method'] ?? '',
      path: pseudo[':path'] ?? '',
      authority: pseudo[':authority'] ?? headerOf(headers, 'host') ?? '',
      headers: withoutHeaders(headers, ['host']),
      body: exchange,
    } as const;
    void answer(message, gone.signal).then((answered) => {
      if (exchange.destroyed) return;
      const framed = withoutHeaders(stamped(answered, serverName), ['transfer-encoding']);
      exchange.respond({ ':status': answered.status, ...recordOf(framed) }, { waitForTrailers: true });
      exchange.on('wantTrailers', () => {
        exchange.sendTrailers(recordOf(answered.trailers?.() ?? []));
      });
      if (typeof answered.body === 'string') {
        exchange.end(answered.body);
        return;
      }
      answered.body.on('error', () => {
        exchange.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      });
      answered.body.pipe(exchange);
    });
  });
  // A session outlives its client's end on a connection that may be half open.
  stream.once('end', () => stream.destroy());
  server.emit('connection', stream);
  // A session waits for this on a TLS socket that no tls.Server made, although its handshake is long done.
  if (stream instanceof TLSSocket) stream.emit('secureConnect');
}

function stamped(response: HttpResponse, serverName: string): Headers {
  const headers = withoutHeaders(endToEnd(response.headers), ['server']);
  const date = headerOf(headers, 'date') === undefined ? [['date', new Date().toUTCString()] as const] : [];
  return [...headers, ...date, ['server', serverName]];
}

function goneSignal(stream: Duplex): AbortSignal {
  const gone = new AbortController();
  stream.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}

function recordOf(headers: Headers): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = record[name];
    record[name] = before === undefined ? value : [before, value].flat();
  }
  return record;
}
