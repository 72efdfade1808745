/** The way in which this controller can tell whom a service account token stands for. */
import type { Clock } from '../../../proto/clock.ts';
import type { ProbeApi } from './probe-api.ts';
import type { ReadToken } from './token-check.ts';
import { verifiedTokens } from './token-keys.ts';
import { reviewedTokens } from './token-review.ts';

export interface TokenReaderDeps {
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

/**
 * TokenReview where it is allowed, which also knows of tokens that were withdrawn; else the cluster's keys. Rejects with
 * MPE_NOT_PERMITTED where neither is.
 */
export async function tokenReader(
  api: Pick<ProbeApi, 'may' | 'reviewToken' | 'tokenKeys'>,
  { clock, debug }: TokenReaderDeps,
  signal: AbortSignal,
): Promise<ReadToken> {
  const access = { verb: 'create', apiGroup: 'authentication.k8s.io', resource: 'tokenreviews' } as const;
  if (await api.may(access, signal)) return reviewedTokens(api);
  debug('no TokenReview is allowed: tokens are checked with the public keys of the cluster');
  await api.tokenKeys(signal);
  return verifiedTokens(api, clock);
}
