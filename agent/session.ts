/** The session with the controller: one conversation after another, nothing lost and nothing counted twice between them. */
import type { Clock } from '../proto/clock.ts';
import { converse } from './session/conversation.ts';
import type { ConversationDeps, ConversationEnd } from './session/conversation.ts';

export interface Backoff {
  /** After a failed dial: doubled with every failure, up to the most. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** After an established conversation was lost: at random within this, so that a fleet does not return at once. */
  readonly reconnectJitterMs: number;
  readonly refusedMs: number;
}

export const BACKOFF: Backoff = { firstMs: 1_000, mostMs: 30_000, reconnectJitterMs: 5_000, refusedMs: 60_000 };

export interface SessionDeps extends ConversationDeps {
  readonly backoff: Backoff;
  /** 0 to 1. */
  readonly random: () => number;
  readonly onEnd: (end: ConversationEnd, retryInMs: number) => void;
  /** Without a controller for so long, the agent gives up. @default never */
  readonly giveUpAfterMs?: number;
}

/** Resolves when the controller has drained this agent, when the signal aborts, or when there is no controller for long. */
export async function holdSession(deps: SessionDeps, signal: AbortSignal): Promise<'drained' | 'aborted' | 'alone'> {
  const { clock, giveUpAfterMs = Number.POSITIVE_INFINITY } = deps;
  let failures = 0;
  let aloneSinceMs = clock.monotonicMs();
  while (!isAborted(signal)) {
    const end = await converse(deps, signal);
    if (end.kind === 'drained') return 'drained';
    if (isAborted(signal)) return 'aborted';
    if (end.kind === 'lost' && end.wasWelcomed) {
      failures = 0;
      aloneSinceMs = clock.monotonicMs();
    } else failures += 1;
    const retryInMs = delayAfter(end, failures, deps);
    deps.onEnd(end, retryInMs);
    if (clock.monotonicMs() + retryInMs - aloneSinceMs > giveUpAfterMs) return 'alone';
    await slept(clock, retryInMs, signal);
  }
  return 'aborted';
}

/** Milliseconds to wait before the next dial. */
export function delayAfter(
  end: ConversationEnd,
  failures: number,
  { backoff, random }: Pick<SessionDeps, 'backoff' | 'random'>,
): number {
  if (end.kind === 'refused') return backoff.refusedMs * (1 + 0.1 * random());
  if (failures === 0) return backoff.reconnectJitterMs * random();
  const delayMs = Math.min(backoff.mostMs, backoff.firstMs * 2 ** (failures - 1));
  return delayMs * (0.5 + 0.5 * random());
}

async function slept(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(delayMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A property that changes while we wait, which the compiler cannot know. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
