/** Says one HTTP/1.1 request on a connection and reads the answer. */
import type { Outcome } from '../../proto/outcome.ts';
import type { HttpHeader } from '../../proto/vocabulary.ts';
import { VERSION } from '../../proto/version.ts';
import { outcomeOfBrokenAnswer, outcomeOfEnding } from '../classify.ts';
import { HttpAnswerReader } from '../http-answer.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { ATTEMPT_HEADER, parseStatement, WITNESS_HEADER } from '../witness.ts';
import { outcomeOfAnswer, reached } from './attempt.ts';
import type { Exchange } from './attempt.ts';

export const USER_AGENT = `meshproof/${VERSION}`;

export interface Request {
  readonly method: string;
  readonly path: string;
  /** On top of our own; a `host` here replaces the task's authority. */
  readonly headers?: readonly HttpHeader[];
}

export async function speakHttp(exchange: Exchange, request: Request): Promise<Outcome> {
  const reader = await ask(exchange, request);
  const { answer } = reader;
  if (answer !== undefined) return outcomeOfAnswer(exchange, judged(answer, exchange.token));
  const statement = parseStatement(reader.firstText, exchange.token);
  if (statement !== undefined) return reached(exchange, undefined, statement);
  return outcomeOfNoHead(exchange, reader);
}

/** Bytes that never became the head of an answer are a sign of life all the same; nothing at all is cut or silence. */
export function outcomeOfNoHead({ connection, facts }: Exchange, { firstText }: HttpAnswerReader): Outcome {
  return firstText === '' ? outcomeOfEnding(connection, facts) : outcomeOfBrokenAnswer(connection, facts, firstText);
}

function judged(answer: HttpAnswer, token: string): Parameters<typeof outcomeOfAnswer>[1] {
  const { status, headers, body } = answer;
  const statement = headers.get(WITNESS_HEADER) === '1' ? parseStatement(body, token) : undefined;
  return { status, httpStatus: status, header: (name) => headers.get(name), text: body, statement };
}

/** Sends the request; resolves when its connection has ended, with whatever came. */
export async function ask(exchange: Exchange, request: Request): Promise<HttpAnswerReader> {
  const reader = new HttpAnswerReader();
  await exchange.connection.exchange(requestBytes(exchange, request), (chunk) => reader.push(chunk));
  return reader;
}

function requestBytes({ task, token }: Exchange, { method, path, headers = [] }: Request): Buffer {
  const host = headers.find(({ name }) => name.toLowerCase() === 'host')?.value ?? task.authority;
  const others = headers.filter(({ name }) => name.toLowerCase() !== 'host');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    `user-agent: ${USER_AGENT}`,
    `${ATTEMPT_HEADER}: ${token}`,
    ...others.map(({ name, value }) => `${name}: ${value}`),
    'connection: close',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
