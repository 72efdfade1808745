/** What has to be known at the start: asked for until there is an answer, or no more hope for one. */
import { ANSWER_WITHIN_MS } from '../../api-server/api-server.ts';
import type { Query } from '../../api-server/api-server.ts';
import { persistently } from '../../api-server/persistent.ts';
import { answerIn } from '../../api-server/trouble.ts';
import type { Answer } from '../../api-server/trouble.ts';
import type { CollectionDeps } from './collection.ts';

/** It may fail for so long. */
export const PATIENCE_MS = 30_000;

/** Trouble: it is none that passes, or it has lasted for 30 s. */
export async function persistentGet(
  { api, clock, debug, random }: CollectionDeps,
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<Answer> {
  const attempt = () => api.send({ path, query }, ANSWER_WITHIN_MS, signal);
  const persistence = { clock, debug, random, patienceMs: PATIENCE_MS };
  return answerIn(await persistently(`GET ${path}`, attempt, persistence, signal));
}
