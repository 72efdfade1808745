/** A question to the API server, put again while there is hope for an answer. */
import type { Clock } from '../../proto/clock.ts';
import { Backoff } from '../../proto/backoff.ts';
import type { BackoffOptions } from '../../proto/backoff.ts';
import { describeTrouble, isPassing, refusedBy } from './trouble.ts';
import type { Broken, Reply } from './trouble.ts';

export interface Persistence extends BackoffOptions {
  readonly clock: Clock;
  readonly debug: (message: string) => void;
  /** How long an outage is borne. */
  readonly patienceMs: number;
}

/** The first answer that is not a passing one, or the last when patience has ended. `what`: for the log. */
export async function persistently(
  what: string,
  attempt: () => Promise<Reply | Broken>,
  { clock, debug, patienceMs, ...options }: Persistence,
  signal: AbortSignal,
): Promise<Reply | Broken> {
  const backoff = new Backoff(options);
  const startedMs = clock.monotonicMs();
  for (;;) {
    const answer = await attempt();
    if (!isPassing(answer) || clock.monotonicMs() - startedMs >= patienceMs) return answer;
    const trouble = answer.kind === 'broken' ? answer : refusedBy(answer);
    const delayMs = backoff.nextMs(answer.kind === 'broken' ? null : answer.retryAfterMs);
    debug(`${what}: ${describeTrouble(trouble)}; again in ${String(Math.round(delayMs))} ms`);
    await clock.sleep(delayMs, signal);
  }
}
