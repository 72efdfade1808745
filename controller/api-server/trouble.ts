/** What can go wrong with a request to the API server, as values. */
import { messageOf } from '../../proto/errors.ts';
import { fields, integer, text } from '../declared/reading.ts';

/** Nothing usable came back. */
export interface Broken {
  readonly kind: 'broken';
  readonly says: string;
  readonly isLasting: boolean;
}

export type Trouble =
  /** The API server (or a proxy before it) said no. */
  | {
      readonly kind: 'status';
      readonly status: number;
      /** `NotFound`: of a Status object, which proxies do not send; empty where there is none. */
      readonly reason: string;
      readonly says: string;
      readonly retryAfterMs: number | null;
    }
  | Broken;

/** Whatever was answered, for better or worse. */
export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  /** Parsed; of what is no JSON its first words, as `message`. */
  readonly body: unknown;
  readonly retryAfterMs: number | null;
}

/** What was asked for, or why it is not there. */
export type Answer = { readonly kind: 'answer'; readonly body: unknown } | Trouble;

/** OpenSSL's words for a server that will not be trusted the next time either, and a credential plugin that is not there. */
const LASTING =
  /^(?:ENOENT$|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|ERR_OSSL_|ERR_SSL_WRONG_VERSION_NUMBER)/;

/** Of an error of a socket, or of anything else on the way. */
export function brokenBy(error: unknown): Broken {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  const says = code === '' || message.includes(code) ? message : `${message} (${code})`;
  return { kind: 'broken', says: says === '' ? 'the connection broke' : says, isLasting: LASTING.test(code) };
}

export function answerIn(reply: Reply | Broken): Answer {
  if (reply.kind === 'broken') return reply;
  return reply.status === 200 ? { kind: 'answer', body: reply.body } : refusedBy(reply);
}

/** Of a reply that is no success: the message of its Status object (kubernetes: meta/v1 Status). */
export function refusedBy({ status, body, retryAfterMs }: Reply): Trouble {
  return { kind: 'status', status, reason: reasonIn(body), says: wordsOf(status, body), retryAfterMs };
}

/** Of an ERROR event in a watch, which carries a Status object. */
export function refusedInWatch(object: unknown): Trouble {
  const status = integer(fields(object)['code']) ?? 500;
  const seconds = integer(fields(object, 'details')['retryAfterSeconds']);
  return {
    kind: 'status',
    status,
    reason: reasonIn(object),
    says: wordsOf(status, object),
    retryAfterMs: seconds === undefined ? null : seconds * 1000,
  };
}

/** What a Status object says, or that there is none. */
export function wordsOf(status: number, body: unknown): string {
  const message = text(fields(body)['message']) ?? '';
  return message === '' ? `HTTP ${String(status)}` : message;
}

function reasonIn(body: unknown): string {
  const { kind, reason } = fields(body);
  return kind === 'Status' ? (text(reason) ?? '') : '';
}

export function isStatus(trouble: Trouble, status: number): boolean {
  return trouble.kind === 'status' && trouble.status === status;
}

/** Asking again would not help: our credentials, our rights or our trust are at fault. */
export function isFinal(trouble: Trouble): boolean {
  if (trouble.kind === 'broken') return trouble.isLasting;
  return trouble.status === 401 || trouble.status === 403;
}

/** It may well be another answer when the same is asked again; anything else is for the one who asks to read. */
export function isPassing(answer: Reply | Broken): boolean {
  if (answer.kind === 'broken') return !answer.isLasting;
  return answer.status === 408 || answer.status === 429 || answer.status >= 500;
}

export function describeTrouble(trouble: Trouble): string {
  return trouble.kind === 'broken' ? trouble.says : `${String(trouble.status)}: ${trouble.says}`;
}
