/** Where events of a monitor are carried to, out of this process. */
import type { Current } from '../monitor/current.ts';
import type { StoredEvent } from '../monitor/events.ts';

/** What became of one try to tell one event. */
export type Told =
  /** The receiver has it, or it is nothing to this sink. */
  | { readonly kind: 'told' }
  /** Nobody answers, or who answers asks for patience: that says nothing about the event. */
  | { readonly kind: 'away'; readonly why: string; readonly retryAfterMs: number | null }
  /** The receiver answered and did not take it; another time it may. */
  | { readonly kind: 'refused'; readonly why: string; readonly retryAfterMs: number | null }
  /** The receiver will never take it. */
  | { readonly kind: 'rejected'; readonly why: string };

export interface Sink {
  /** Unique among the sinks; its position is remembered under this name. Holds no secret. */
  readonly name: string;
  /** Of one try, milliseconds. @default 15 000 */
  readonly patienceMs?: number;
  /**
   * One try, which ends with the signal. What the receiver does is a value; `why` holds no secret and no URL with one.
   * The same event may come again (after a restart, or where an answer was lost): its id tells.
   * `current` is the matrix of now, which is not the event's where a sink is behind.
   */
  readonly tell: (event: StoredEvent, current: Current, signal: AbortSignal) => Promise<Told>;
}

export const TOLD: Told = { kind: 'told' };
