/** What the socket showed, as an outcome, where no answer came: endings of each layer, TLS alerts, faults of ours. */
import type { CertificateRefusal, Outcome, PeerCertificate, Signature } from '../proto/outcome.ts';
import type { ClientCertificate } from '../proto/vocabulary.ts';
import type { Connection } from './connection.ts';

/** What the classification has to know of the attempt besides its connection. */
export interface AttemptFacts {
  readonly certificate: PeerCertificate | undefined;
  /** What we presented; `none` where there was no TLS. */
  readonly presented: ClientCertificate;
}

export const NO_TLS: AttemptFacts = { certificate: undefined, presented: 'none' };

/** The machine or its limits failed us, not the target. */
const OUR_LIMITS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** No name server took the question: nothing was learned of the target. A process without descriptors sees the same. */
const NOT_ASKED = 'ECONNREFUSED';

const UNREACHABLE: ReadonlySet<string> = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EACCES',
  'EPERM',
]);

/** OpenSSL's names for bytes that are no TLS records: the port speaks plaintext. */
const NOT_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNKNOWN_PROTOCOL',
  'ERR_SSL_RECORD_LAYER_FAILURE',
]);

/** RFC 8446, section 6.2; Envoy's choice among them: `SSL_alert_from_verify_result` of BoringSSL. */
const REFUSALS: ReadonlyMap<number, CertificateRefusal> = new Map([
  [42, 'bad'],
  [43, 'bad'],
  [44, 'revoked'],
  [45, 'expired'],
  [46, 'identity'],
  [48, 'unknown-ca'],
]);

const ALERT_HANDSHAKE_FAILURE = 40;
const ALERT_PROTOCOL_VERSION = 70;
const ALERT_CERTIFICATE_REQUIRED = 116;

/**
 * The outcome of a connection that ended before it gave a usable answer. Never `reached`, except that it is the
 * caller's to see first whether bytes came that are one.
 */
export function outcomeOfEnding(connection: Connection, facts: AttemptFacts = NO_TLS): Outcome {
  const ending = connection.ending ?? { kind: 'end' };
  switch (ending.kind) {
    case 'cancelled':
      return { kind: 'untested', why: 'cancelled', detail: 'the attempt was cancelled' };
    case 'deadline':
      return outcomeOfSilence(connection, facts);
    case 'complete':
      return refused(connection, facts, 'not-the-protocol', 'bytes that are no answer');
    case 'end':
      return outcomeOfEnd(connection, facts);
    case 'error':
      return outcomeOfError(connection, facts, ending.error);
  }
}

/**
 * The outcome of a connection on which bytes came that are no answer, or the beginning of one that breaks off. A filter
 * chain that refuses says nothing, so that neither a cut nor a silence is claimed where something spoke.
 */
export function outcomeOfBrokenAnswer(connection: Connection, facts: AttemptFacts, evidence: string): Outcome {
  const { ending } = connection;
  const isOurs = ending?.kind === 'error' && (isOurLimit(ending.error) || alertNumber(ending.error) !== undefined);
  if (ending?.kind === 'cancelled' || isOurs) return outcomeOfEnding(connection, facts);
  return refused(connection, facts, 'not-the-protocol', ending?.kind === 'error' ? wordsOf(ending.error) : evidence);
}

function outcomeOfSilence(connection: Connection, facts: AttemptFacts): Outcome {
  if (connection.layer === 'tcp' && connection.isCaptured) return captureIsDown('it does not accept');
  const { timings } = connection;
  return { kind: 'silent', ...placed(connection, facts), layer: connection.layer, afterMs: timings.totalMs };
}

function outcomeOfEnd(connection: Connection, facts: AttemptFacts): Outcome {
  if (isRefusalAfterHandshake(connection, facts)) return refusedWithoutAlert(connection, facts, 'closed');
  return refused(connection, facts, 'closed', 'the peer closed the connection');
}

function outcomeOfError(connection: Connection, facts: AttemptFacts, error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? '';
  if (isOurLimit(error)) return { kind: 'untested', why: 'resource-exhausted', detail: error.message };
  const alert = alertNumber(error);
  if (alert !== undefined) return outcomeOfAlert(connection, facts, alert, error);
  if (connection.layer === 'dns') return outcomeOfLookup(connection, facts, error);
  if (connection.layer === 'tcp' && connection.isCaptured) return captureIsDown(error.message);
  if (code === 'ETIMEDOUT') return outcomeOfSilence(connection, facts);
  if (code === 'ECONNREFUSED') return refused(connection, facts, 'connection-refused', error.message);
  if (UNREACHABLE.has(code)) return refused(connection, facts, 'unreachable', error.message);
  if (isReset(error)) {
    if (isRefusalAfterHandshake(connection, facts)) return refusedWithoutAlert(connection, facts, 'reset');
    return refused(connection, facts, 'reset', error.message);
  }
  if (code === 'ECONNRESET') return outcomeOfEnd(connection, facts);
  if (NOT_TLS.has(code)) return refused(connection, facts, 'speaks-plaintext', wordsOf(error));
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL') return refused(connection, facts, 'protocol-version', wordsOf(error));
  return refused(connection, facts, 'not-the-protocol', wordsOf(error));
}

function outcomeOfLookup(
  connection: Connection,
  facts: AttemptFacts,
  { code, message }: NodeJS.ErrnoException,
): Outcome {
  switch (code) {
    case NOT_ASKED:
      return { kind: 'untested', why: 'no-address', detail: message };
    case 'ETIMEOUT':
      return outcomeOfSilence(connection, facts);
    case 'ENOTFOUND':
    case 'ENODATA':
      return refused(connection, facts, 'name-not-found', message);
    default:
      return refused(connection, facts, 'name-lookup-failed', message);
  }
}

function isOurLimit({ code = '' }: NodeJS.ErrnoException): boolean {
  return OUR_LIMITS.has(code);
}

/**
 * Node tells RST from FIN only by the error number: a FIN where bytes were due is an ECONNRESET too, but one that no
 * system call has given. A write into a connection that was reset gives EPIPE.
 */
function isReset(error: NodeJS.ErrnoException): boolean {
  return (error.code === 'ECONNRESET' && error.errno !== undefined) || error.code === 'EPIPE';
}

/** The number alone is stable; OpenSSL's names for it change between versions. */
function alertNumber(error: Error): number | undefined {
  const number = /SSL alert number (\d+)/.exec(error.message)?.[1];
  return number === undefined ? undefined : Number(number);
}

function outcomeOfAlert(connection: Connection, facts: AttemptFacts, alert: number, error: Error): Outcome {
  const detail = wordsOf(error);
  const isBare = facts.presented === 'none';
  if (alert === ALERT_CERTIFICATE_REQUIRED || (alert === ALERT_HANDSHAKE_FAILURE && isBare)) {
    return { ...refused(connection, facts, 'certificate-required', detail), layer: 'tls', alert };
  }
  const certificateRefusal = REFUSALS.get(alert);
  if (certificateRefusal !== undefined && !isBare) {
    return { ...refused(connection, facts, 'certificate-refused', detail), layer: 'tls', alert, certificateRefusal };
  }
  const signature = alert === ALERT_PROTOCOL_VERSION ? 'protocol-version' : 'tls-alert';
  return { ...refused(connection, facts, signature, detail), layer: 'tls', alert };
}

/**
 * Node's own server judges a client certificate after the handshake and has no alert for it: it drops the connection
 * before it has sent the session tickets that follow our part of a TLS 1.3 handshake. A server that took the certificate
 * and then closed (Envoy's network RBAC) has sent tickets and a close_notify. So: not one byte after our Finished.
 */
function isRefusalAfterHandshake(connection: Connection, facts: AttemptFacts): boolean {
  return (
    facts.presented !== 'none' &&
    connection.layer === 'application' &&
    connection.tls !== undefined &&
    !connection.hasServerFinished
  );
}

function refusedWithoutAlert(connection: Connection, facts: AttemptFacts, how: 'closed' | 'reset'): Outcome {
  const detail = `${how} after the handshake before any byte of the server`;
  return {
    ...refused(connection, facts, 'certificate-refused', detail),
    layer: 'tls',
    certificateRefusal: 'unspecified',
  };
}

/** Our own sidecar does not take the connection; that says nothing of the target. */
function captureIsDown(how: string): Outcome {
  return { kind: 'untested', why: 'agent-not-ready', detail: `the sidecar's capture point: ${how}` };
}

type Refusal = Extract<Outcome, { kind: 'refused' }>;

export function refused(connection: Connection, facts: AttemptFacts, signature: Signature, detail: string): Refusal {
  const { layer } = connection;
  return { kind: 'refused', ...placed(connection, facts), layer, signature, detail: evidence(detail) };
}

/** What every outcome of a tested attempt carries. Which of the route's addresses was dialled is filled in later. */
export function placed(
  connection: Connection,
  { certificate }: AttemptFacts,
): Pick<Refusal, 'address' | 'timings' | 'certificate'> {
  return { address: 0, timings: connection.timings, ...(certificate !== undefined && { certificate }) };
}

/** OpenSSL's message holds an address and a source line, which differ from run to run; its reason does not. */
function wordsOf(error: Error & { readonly reason?: unknown }): string {
  return typeof error.reason === 'string' ? error.reason : error.message;
}

/** At most 256 printable characters. */
function evidence(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 256);
}
