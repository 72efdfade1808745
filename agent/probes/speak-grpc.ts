/** Asks grpc.health.v1.Health/Check on a connection, over HTTP/2. */
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import '../../proto/http2-lifetimes.ts';
import type { Outcome } from '../../proto/outcome.ts';
import { outcomeOfBrokenAnswer, outcomeOfEnding } from '../classify.ts';
import { httpStatusOf } from '../classify-answer.ts';
import { MAX_READ_BYTES } from '../connection.ts';
import { MAX_KEPT_BYTES } from '../http-answer.ts';
import { ATTEMPT_HEADER, parseStatement, STATEMENT_HEADER } from '../witness.ts';
import { outcomeOfAnswer } from './attempt.ts';
import type { Exchange } from './attempt.ts';
import { USER_AGENT } from './speak-http.ts';

const PATH = '/grpc.health.v1.Health/Check';

export interface GrpcAnswer {
  readonly httpStatus: number;
  /** Undefined where the answer had none: whoever answered does not speak gRPC. */
  readonly grpcStatus: number | undefined;
  readonly header: (name: string) => string | undefined;
  /** `grpc-message`, or the body of an answer that is no gRPC. */
  readonly text: string;
  readonly body: Buffer;
}

export async function speakGrpc(exchange: Exchange): Promise<Outcome> {
  const answer = await askHealth(exchange, '');
  if (answer === undefined) return outcomeOfNoAnswer(exchange);
  const { grpcStatus, header, text } = answer;
  const statement = parseStatement(header(STATEMENT_HEADER) ?? '', exchange.token);
  const httpStatus = grpcStatus === undefined ? answer.httpStatus : httpStatusOf(grpcStatus);
  return outcomeOfAnswer(exchange, { status: grpcStatus ?? answer.httpStatus, httpStatus, header, text, statement });
}

/**
 * Frames that are no answer say that something speaks HTTP/2 there, so that a cut after them is not that of a filter
 * chain. A silence stays one: our own sidecar greets with its settings long before it has reached the target.
 */
export function outcomeOfNoAnswer({ connection, facts }: Exchange): Outcome {
  if (connection.bytesReceived === 0 || connection.ending?.kind === 'deadline')
    return outcomeOfEnding(connection, facts);
  return outcomeOfBrokenAnswer(connection, facts, 'HTTP/2 frames without an answer');
}

/** Undefined where the connection ended without an answer; its ending says how. */
export async function askHealth(exchange: Exchange, service: string): Promise<GrpcAnswer | undefined> {
  const { connection, task, token } = exchange;
  const socket = connection.tls ?? connection.socket;
  if (socket === undefined || connection.ending !== undefined) return undefined;
  // The name in the URL goes nowhere: the connection stands, and :authority is given below.
  using session = closing(
    connect('http://target', { createConnection: () => socket, settings: { enablePush: false } }),
  );
  connection.boundReading();
  session.http2.on('remoteSettings', () => {
    connection.noteBytes(1);
  });
  session.http2.on('error', (error: Error) => {
    connection.finish({ kind: 'error', error });
  });
  session.http2.on('close', () => {
    connection.finish({ kind: 'end' });
  });
  const stream = session.http2.request({
    ':method': 'POST',
    ':path': PATH,
    ':authority': task.authority,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': USER_AGENT,
    [ATTEMPT_HEADER]: token,
  });
  stream.end(healthRequest(service));
  return await readAnswer(exchange, stream);
}

async function readAnswer({ connection }: Exchange, stream: ClientHttp2Stream): Promise<GrpcAnswer | undefined> {
  let head: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  stream.on('response', (headers: IncomingHttpHeaders) => {
    head = headers;
  });
  stream.on('trailers', (headers: IncomingHttpHeaders) => {
    trailers = headers;
  });
  stream.on('data', (chunk: Buffer) => {
    connection.noteBytes(chunk.length);
    body = Buffer.concat([body, chunk.subarray(0, MAX_KEPT_BYTES - body.length)]);
    if (connection.bytesReceived >= MAX_READ_BYTES) connection.finish({ kind: 'complete' });
  });
  stream.on('error', (error: Error) => {
    connection.finish({ kind: 'error', error });
  });
  stream.on('end', () => {
    if (head !== undefined) connection.finish({ kind: 'complete' });
  });
  // Node takes a reset with NO_ERROR or CANCEL for a quiet end.
  stream.on('close', () => {
    const error = new Error(`the stream was reset with code ${String(stream.rstCode)}`);
    connection.finish(head === undefined ? { kind: 'error', error } : { kind: 'complete' });
  });
  await connection.ended;
  if (head === undefined) return undefined;
  const all: IncomingHttpHeaders = { ...head, ...trailers };
  const header = (name: string): string | undefined => [all[name]].flat()[0];
  const grpcStatus = wholeNumber(header('grpc-status'));
  return {
    httpStatus: Number(head[':status']),
    grpcStatus,
    header,
    text: grpcStatus === undefined ? body.toString('utf8') : percentDecoded(header('grpc-message') ?? ''),
    body,
  };
}

function wholeNumber(text = ''): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function closing(http2: ClientHttp2Session): Disposable & { readonly http2: ClientHttp2Session } {
  return {
    http2,
    [Symbol.dispose]: () => {
      http2.destroy();
    },
  };
}

/** grpc.health.v1.HealthCheckRequest {service}, uncompressed, with its length. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service.slice(0, 127));
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** True where the answer is grpc.health.v1.HealthCheckResponse {status: SERVING}. */
export function isServing({ grpcStatus, body }: GrpcAnswer): boolean {
  return grpcStatus === 0 && body.length >= 7 && body[5] === 0x08 && body[6] === 0x01;
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
