/** The upstream side of an HTTP filter chain: one request on one fresh connection. */
import http from 'node:http';
import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { pairs, withoutHeaders, type Headers, type HttpRequest, type HttpResponse } from './http-message.ts';
import { CONNECTION_TERMINATION, PROTOCOL_ERROR } from './local-reply.ts';

export type Exchange =
  | { readonly kind: 'answered'; readonly response: HttpResponse }
  /** Nothing that is a response came; `why` is Envoy's reset reason. */
  | { readonly kind: 'failed'; readonly why: string };

/** Speaks the version of the request. Settles when the response's headers are there, or with a failure when the signal aborts. */
export function exchange(socket: Duplex, request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  return request.version === 2 ? exchangeHttp2(socket, request) : exchangeHttp1(socket, request);
}

function exchangeHttp1(socket: Duplex, request: HttpRequest): Promise<Exchange> {
  return new Promise((resolve) => {
    const headers = [['host', request.authority] as const, ...withoutHeaders(request.headers, ['host'])];
    const outgoing = http.request({
      createConnection: () => socket,
      method: request.method,
      path: request.path,
      headers: headers.flat(),
      setHost: false,
      setDefaultHeaders: false,
    });
    outgoing.on('response', (incoming) => {
      const body = incoming;
      body.on('close', () => socket.destroy());
      resolve({
        kind: 'answered',
        response: { status: incoming.statusCode ?? 0, headers: pairs(incoming.rawHeaders), body },
      });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      socket.destroy();
      // llhttp's codes: what came is no HTTP response.
      const why = error.code?.startsWith('HPE_') === true ? PROTOCOL_ERROR : CONNECTION_TERMINATION;
      resolve({ kind: 'failed', why });
    });
    request.body.pipe(outgoing);
  });
}

function exchangeHttp2(socket: Duplex, request: HttpRequest): Promise<Exchange> {
  return new Promise((resolve) => {
    const failed = (why: string): void => {
      socket.destroy();
      resolve({ kind: 'failed', why });
    };
    const session = http2.connect('http://upstream', { createConnection: () => socket });
    session.on('error', (error: NodeJS.ErrnoException) => {
      failed(error.code === 'ERR_HTTP2_ERROR' ? PROTOCOL_ERROR : CONNECTION_TERMINATION);
    });
    session.on('close', () => {
      failed(CONNECTION_TERMINATION);
    });
    const stream = session.request(
      {
        ':method': request.method,
        ':path': request.path,
        ':authority': request.authority,
        ...Object.fromEntries(request.headers),
      },
      { endStream: false },
    );
    let trailers: Headers = [];
    stream.on('trailers', (_record, _flags, flat) => {
      trailers = pairs(flat as string[]);
    });
    stream.on('response', (record, _flags, flat) => {
      const headers = pairs(flat).filter(([name]) => !name.startsWith(':'));
      const status = record[':status'] ?? 0;
      resolve({ kind: 'answered', response: { status, headers, body: stream, trailers: () => trailers } });
    });
    stream.on('error', () => {
      failed(CONNECTION_TERMINATION);
    });
    stream.on('close', () => {
      session.close();
    });
    request.body.pipe(stream);
  });
}
