/** What the routes of gates have in common: an answer in time, and who may ask how often. */
import type { FastifyReply } from 'fastify';
import { LOOK } from '../access/guard.ts';
import type { GateDeps } from '../gates/gate.ts';
import { HttpRefusal } from '../refusal.ts';
import type { Answer } from '../refusal.ts';

/** Whoever asks waits for ten seconds, if nobody has told it otherwise; answers are there after eight. */
const ANSWER_WITHIN_MS = 7000;
const ADMITS_WITHIN_MS = 5000;

/** One Flagger asks for hundreds of canaries, with several hooks each, from one address. */
const TIMES_AS_MANY = 5;
const REQUESTS_PER_MINUTE = 1200;

/** Of their own: whoever looks at pages must not keep rollouts waiting, nor the other way round. */
export function gateConfig(requestsPerMinute = REQUESTS_PER_MINUTE) {
  const max = TIMES_AS_MANY * requestsPerMinute;
  return {
    right: LOOK,
    admitsWithinMs: ADMITS_WITHIN_MS,
    rateLimit: {
      max,
      timeWindow: 60_000,
      errorResponseBuilder: (_request: unknown, { after }: { readonly after: string }) =>
        new HttpRefusal(429, 'MPE_OVERLOADED', `that is more than ${String(max)} questions a minute`, {
          hint: `Ask again in ${after}.`,
        }),
    },
  };
}

/** Monotonic. What the request has taken so far is gone. */
export function answerBy(reply: FastifyReply, { clock }: Pick<GateDeps, 'clock'>): number {
  return clock.monotonicMs() + Math.max(0, ANSWER_WITHIN_MS - reply.elapsedTime);
}

/** Why there is no answer, for whoever asked. */
export function refusalWords({ problem: { message, hint } }: Answer): string {
  return `inconclusive: ${message.replace(/\.$/, '')}. ${hint}`;
}
