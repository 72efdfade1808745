/** Whom a service account token stands for, by TokenReview. */
import { fields, text, texts } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { ProbeApi } from './probe-api.ts';
import type { ReadToken, TokenReading } from './token-check.ts';

export const AGENT_AUDIENCE = 'meshproof';

export function reviewedTokens(api: Pick<ProbeApi, 'reviewToken'>): ReadToken {
  return async (token, signal) => readingOf(await api.reviewToken(token, AGENT_AUDIENCE, signal));
}

/**
 * Of a review's status. A server that knows nothing of audiences leaves them out, and its word is not enough: the token
 * might have been made for the API server (kubernetes: staging/src/k8s.io/api/authentication/v1/types.go:TokenReviewStatus).
 */
export function readingOf(status: Fields): TokenReading {
  if (status['authenticated'] !== true) {
    const why = text(status['error']);
    return refused(why === undefined ? 'the cluster does not know the token' : `the cluster refuses the token: ${why}`);
  }
  if (!texts(status['audiences']).includes(AGENT_AUDIENCE)) return refused('the token was made for somebody else');
  const user = fields(status['user']);
  const [, namespace, serviceAccount] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(text(user['username']) ?? '') ?? [];
  const extra = fields(user['extra']);
  const [podName] = texts(extra['authentication.kubernetes.io/pod-name']);
  const [podUid] = texts(extra['authentication.kubernetes.io/pod-uid']);
  if (namespace === undefined || serviceAccount === undefined) return refused('the token is of no service account');
  if (podName === undefined || podUid === undefined) return refused('the token is bound to no pod');
  return { kind: 'identity', identity: { namespace, serviceAccount, podName, podUid } };
}

function refused(why: string): TokenReading {
  return { kind: 'refused', why };
}
