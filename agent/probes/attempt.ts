/** The way of every attempt: a fresh connection, plain or over TLS, then a conversation of which the outcome comes. */
import { messageOf } from '../../proto/errors.ts';
import type { Outcome, ProvedTransport } from '../../proto/outcome.ts';
import type { ClientCertificate, Task } from '../../proto/vocabulary.ts';
import { NO_TLS, outcomeOfEnding, placed, refused } from '../classify.ts';
import type { AttemptFacts } from '../classify.ts';
import { refusalIn } from '../classify-answer.ts';
import { Connection } from '../connection.ts';
import { servedCertificate } from '../identity/served-certificate.ts';
import { reportOf } from '../witness.ts';
import type { Statement } from '../witness.ts';
import type { ProbeDeps } from './probe.ts';

/** A connection on which something can be said, and all that is known of it. */
export interface Exchange {
  readonly connection: Connection;
  readonly facts: AttemptFacts;
  readonly task: Task;
  readonly deps: ProbeDeps;
  /** Sent along; a witness gives it back. */
  readonly token: string;
}

export type Speak = (exchange: Exchange) => Promise<Outcome>;

export async function attemptPlain(task: Task, deps: ProbeDeps, signal: AbortSignal, speak: Speak): Promise<Outcome> {
  using connection = open(task, deps, signal);
  if (!(await connection.dial())) return outcomeOfEnding(connection);
  return await speak({ connection, facts: NO_TLS, task, deps, token: deps.newToken() });
}

export interface TlsAttempt {
  readonly presented: ClientCertificate;
  readonly alpn: readonly string[];
  readonly serverName: string;
}

/** The handshake alone proves nothing: only an answer to what is said inside counts. */
export async function attemptOverTls(
  task: Task,
  deps: ProbeDeps,
  signal: AbortSignal,
  { presented, alpn, serverName }: TlsAttempt,
  speak: Speak,
): Promise<Outcome> {
  using connection = open(task, deps, signal);
  let context;
  try {
    context = await Promise.race([deps.credentials.contextFor(presented, signal), connection.ended]);
  } catch (error) {
    return { kind: 'untested', why: 'no-certificate', detail: messageOf(error) };
  }
  if ('kind' in context) {
    if (context.kind !== 'deadline') return outcomeOfEnding(connection);
    return { kind: 'untested', why: 'no-certificate', detail: 'no certificate in time' };
  }
  const bare = { certificate: undefined, presented };
  if (!(await connection.dial())) return outcomeOfEnding(connection, bare);
  if (!(await connection.secure({ context, alpn, serverName }))) return outcomeOfEnding(connection, bare);
  const { tls } = connection;
  const certificate = tls === undefined ? undefined : servedCertificate(tls, task.peerIdentities);
  return await speak({ connection, facts: { certificate, presented }, task, deps, token: deps.newToken() });
}

function open(task: Task, { capture, nameServers }: ProbeDeps, signal: AbortSignal): Connection {
  const { address, connectTimeoutMs, timeoutMs } = task;
  return new Connection({ address, capture, nameServers, connectTimeoutMs, timeoutMs, signal });
}

/** An answer with a status, as it is judged: HTTP's own, or gRPC's with the HTTP status that stands for it. */
export interface Answer {
  /** As it is reported. */
  readonly status: number | undefined;
  /** As Envoy would give it over HTTP. */
  readonly httpStatus: number | undefined;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
  readonly statement: Statement | undefined;
}

/** Reached, unless a proxy on the way gave the answer to say that it refused or failed. */
export function outcomeOfAnswer(exchange: Exchange, answer: Answer): Outcome {
  const { connection, facts, deps } = exchange;
  const { status, httpStatus, header, text, statement } = answer;
  const isMeshed = deps.dataPlane === 'sidecar' || deps.dataPlane === 'ambient';
  const signature =
    statement === undefined && httpStatus !== undefined
      ? refusalIn({ status: httpStatus, header, text, isMeshed })
      : undefined;
  if (signature === undefined) return reached(exchange, status, statement);
  const evidence = text === '' ? `status ${String(status)} with an empty body` : text;
  return { ...refused(connection, facts, signature, evidence), ...(status !== undefined && { status }) };
}

export function reached(exchange: Exchange, status?: number, statement?: Statement): Outcome {
  return {
    kind: 'reached',
    ...placed(exchange.connection, exchange.facts),
    transport: provedTransport(exchange, statement),
    ...(status !== undefined && { status }),
    ...(statement !== undefined && { witness: reportOf(statement) }),
  };
}

/**
 * What is proved of the transport: by our own handshake, by a witness behind a proxy that vouches for the caller, by a
 * witness that took our plaintext itself, or by a naked vantage's own plaintext bytes. Else nothing is.
 */
function provedTransport({ connection, facts, deps }: Exchange, statement?: Statement): ProvedTransport {
  const sawNoCaller = statement?.isProof === true && statement.caller === null;
  if (connection.tls !== undefined) {
    const isMesh = facts.presented !== 'none' && typeof facts.certificate?.spiffeId === 'string';
    return isMesh && !sawNoCaller ? 'mtls' : 'tls';
  }
  if (statement?.isProof === true) return sawNoCaller ? 'plaintext' : 'mtls';
  if (statement?.behindProxy === false) return 'plaintext';
  return deps.dataPlane === 'sidecar' || deps.dataPlane === 'ambient' ? 'unproved' : 'plaintext';
}
