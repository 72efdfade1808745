/** Says a line that is no HTTP on a connection, and takes whatever comes back for an answer. */
import type { Outcome } from '../../proto/outcome.ts';
import { outcomeOfEnding } from '../classify.ts';
import { HttpAnswerReader, MAX_KEPT_BYTES } from '../http-answer.ts';
import { parseStatement, tcpGreeting } from '../witness.ts';
import { outcomeOfAnswer, reached } from './attempt.ts';
import type { Exchange } from './attempt.ts';

/** An HTTP proxy in the way answers these bytes with a 400 of its own; everything else is the target's answer. */
export async function speakTcp(exchange: Exchange): Promise<Outcome> {
  const { connection, facts, token } = exchange;
  let received = Buffer.alloc(0);
  const http = new HttpAnswerReader();
  await connection.exchange(Buffer.from(tcpGreeting(token)), (chunk) => {
    received = Buffer.concat([received, chunk.subarray(0, MAX_KEPT_BYTES - received.length)]);
    return mayBeHttp(received) ? http.push(chunk) : isWhole(received);
  });
  if (connection.bytesReceived === 0) return outcomeOfEnding(connection, facts);
  const { answer } = http;
  if (answer === undefined) return reached(exchange, undefined, parseStatement(received.toString('utf8'), token));
  const { status, headers, body } = answer;
  const header = (name: string): string | undefined => headers.get(name);
  return outcomeOfAnswer(exchange, { status, httpStatus: status, header, text: body, statement: undefined });
}

function mayBeHttp(received: Buffer): boolean {
  return 'HTTP/'.startsWith(received.subarray(0, 5).toString('latin1'));
}

/** A witness writes a line of JSON; of any other answer its first bytes are enough. */
function isWhole(received: Buffer): boolean {
  return received[0] !== '{'.charCodeAt(0) || received.includes('\n') || received.length >= MAX_KEPT_BYTES;
}
