/** What is answered where a request is not: a status, and `{code, message, hint}`; never a stack, never a secret. */
import { ERRORS, MeshproofError } from '../../proto/errors.ts';
import type { ErrorCode, MeshproofErrorOptions } from '../../proto/errors.ts';

/** The body of every error. */
export interface Problem {
  readonly code: ErrorCode;
  /** What was asked, and what happened. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** A request that is turned down with this status. */
export class HttpRefusal extends MeshproofError {
  readonly statusCode: number;

  constructor(statusCode: number, code: ErrorCode, message: string, options: MeshproofErrorOptions = {}) {
    super(code, message, options);
    this.statusCode = statusCode;
  }
}

export function notFound(message: string): HttpRefusal {
  return new HttpRefusal(404, 'MPE_NOT_FOUND', message);
}

export interface Answer {
  readonly statusCode: number;
  readonly problem: Problem;
}

/** Faults of ours keep their words to themselves: nobody knows what they hold. */
export function answerTo(error: unknown): Answer {
  if (error instanceof MeshproofError) {
    const { code, message, hint } = error;
    const statusCode = error instanceof HttpRefusal ? error.statusCode : (STATUSES[code] ?? 500);
    return { statusCode, problem: { code, message: statusCode === 500 ? ERRORS[code].meaning : message, hint } };
  }
  const statusCode = statusOf(error);
  if (statusCode >= 400 && statusCode < 500 && error instanceof Error) {
    return { statusCode, problem: problem('MPE_BAD_REQUEST', error.message) };
  }
  return { statusCode: 500, problem: problem('MPE_INTERNAL', 'the controller failed to answer') };
}

export function problem(code: ErrorCode, message: string): Problem {
  return { code, message, hint: ERRORS[code].remedy };
}

const STATUSES: Partial<Record<ErrorCode, number>> = {
  MPE_USAGE: 400,
  MPE_BAD_REQUEST: 400,
  MPE_NOT_FOUND: 404,
  MPE_STORE_FAILED: 503,
  MPE_STORE_TAKEN_OVER: 503,
  MPE_CLUSTER_UNREACHABLE: 503,
  MPE_NOT_READY: 503,
  MPE_OVERLOADED: 503,
};

/** Errors of the web server's own carry one. */
function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}
