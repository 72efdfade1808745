/** What sinks ask of the API server of a cluster, whoever asks it for them. */
import { MeshproofError } from '../../proto/errors.ts';
import { fields, text } from '../declared/reading.ts';
import { TOLD } from './sink.ts';
import type { Told } from './sink.ts';

export interface ClusterRequest {
  readonly verb: 'list' | 'create' | 'patch' | 'delete';
  /** As RBAC names it; empty: the core group. */
  readonly apiGroup: string;
  readonly resource: string;
  /** Absent for objects without a namespace, and for what is asked of all namespaces at once. */
  readonly namespace?: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
}

export interface ClusterAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Resolves to whatever answer there is that no authorizer refused. Rejects with MPE_NOT_PERMITTED, with
 * MPE_CLUSTER_UNREACHABLE, and with the signal's reason.
 */
export type AskCluster = (request: ClusterRequest, signal: AbortSignal) => Promise<ClusterAnswer>;

/** What a rejected question means for a sink. Without the right for it, asking again would change nothing. */
export function unasked(error: unknown, signal: AbortSignal): Told {
  signal.throwIfAborted();
  if (!(error instanceof MeshproofError)) throw error;
  const why = error.message;
  return error.code === 'MPE_NOT_PERMITTED'
    ? { kind: 'rejected', why: `${why}. ${error.hint}` }
    : { kind: 'away', why, retryAfterMs: null };
}

/** What an answer means for a sink. A request that the server finds wrong is wrong the next time too. */
export function toldBy({ status, body }: ClusterAnswer, what: string): Told {
  if (status < 300) return TOLD;
  const why = `${what}: ${text(fields(body)['message']) ?? `the API server answered ${String(status)}`}`;
  return status === 429 || status >= 500 ? { kind: 'away', why, retryAfterMs: null } : { kind: 'rejected', why };
}
