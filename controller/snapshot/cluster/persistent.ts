/** A question to the API server, put again while there is hope for an answer. */
import { Backoff } from './backoff.ts';
import type { Answer, Query } from './api-server.ts';
import type { CollectionDeps } from './collection.ts';
import { describeTrouble, isFinal, isStatus } from './trouble.ts';

/** What has to be known at the start may fail for so long. */
export const PATIENCE_MS = 30_000;

/** Trouble: it is final (401, 403, 404, no trust), or has lasted for 30 s. */
export async function persistentGet(
  { api, clock, debug, random }: CollectionDeps,
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<Answer> {
  const backoff = new Backoff({ random });
  const startedMs = clock.monotonicMs();
  for (;;) {
    const answer = await api.get(path, query, signal);
    if (answer.kind === 'answer' || isFinal(answer) || isStatus(answer, 404)) return answer;
    if (clock.monotonicMs() - startedMs >= PATIENCE_MS) return answer;
    const delayMs = backoff.nextMs(answer.kind === 'status' ? answer.retryAfterMs : null);
    debug(`GET ${path}: ${describeTrouble(answer)}; again in ${String(Math.round(delayMs))} ms`);
    await clock.sleep(delayMs, signal);
  }
}
