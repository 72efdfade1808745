/** What can go wrong with a request to the API server, as values. */
import { fields, integer, text } from '../../declared/reading.ts';

export type Trouble =
  /** The API server (or a proxy before it) said no. */
  | { readonly kind: 'status'; readonly status: number; readonly says: string; readonly retryAfterMs: number | null }
  /** Nothing usable came back. */
  | { readonly kind: 'broken'; readonly says: string; readonly isLasting: boolean };

/** OpenSSL's words for a server that will not be trusted the next time either, and a credential plugin that is not there. */
const LASTING =
  /^(?:ENOENT$|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|ERR_OSSL_|ERR_SSL_WRONG_VERSION_NUMBER)/;

/** Of an error of a socket, or of anything else on the way. */
export function brokenBy(error: unknown): Trouble {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  const says = code === '' || message.includes(code) ? message : `${message} (${code})`;
  return { kind: 'broken', says: says === '' ? 'the connection broke' : says, isLasting: LASTING.test(code) };
}

/**
 * Of an answer that is no success: the message of its Status object (kubernetes: meta/v1 Status), or else the beginning
 * of whatever text came. Retry-After is given in seconds by API servers; dates are not taken.
 */
export function refusedBy(status: number, body: string, retryAfter?: string): Trouble {
  const message = text(fields(parsed(body))['message']) ?? body.trim().slice(0, 200).split('\n', 1)[0] ?? '';
  const seconds = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) : null;
  return {
    kind: 'status',
    status,
    says: message === '' ? `HTTP ${String(status)}` : message,
    retryAfterMs: seconds === null ? null : seconds * 1000,
  };
}

/** Of an ERROR event in a watch, which carries a Status object. */
export function refusedInWatch(object: unknown): Trouble {
  const status = integer(fields(object)['code']) ?? 500;
  const seconds = integer(fields(object, 'details')['retryAfterSeconds']);
  const says = text(fields(object)['message']) ?? `HTTP ${String(status)}`;
  return { kind: 'status', status, says, retryAfterMs: seconds === undefined ? null : seconds * 1000 };
}

export function isStatus(trouble: Trouble, status: number): boolean {
  return trouble.kind === 'status' && trouble.status === status;
}

/** Asking again would not help: our credentials, our rights or our trust are at fault. */
export function isFinal(trouble: Trouble): boolean {
  if (trouble.kind === 'broken') return trouble.isLasting;
  return trouble.status === 401 || trouble.status === 403;
}

export function describeTrouble(trouble: Trouble): string {
  return trouble.kind === 'broken' ? trouble.says : `${String(trouble.status)}: ${trouble.says}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}
