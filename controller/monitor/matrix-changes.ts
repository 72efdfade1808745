/** What becomes of the standing matrix, with another declared state and with rounds of attempts. */
import type { StandingRoute } from './standing-route.ts';
import type { Transition } from './events.ts';

export interface Redeclared {
  /** Those that have got a number now. */
  readonly begun: readonly StandingRoute[];
  /** New ones, and those that are attempted in another way now. */
  readonly assigned: readonly StandingRoute[];
  readonly gone: readonly StandingRoute[];
  /** Keys of routes of which something else is declared now. */
  readonly changedAnswers: readonly string[];
}

export interface Judged {
  readonly transitions: readonly Transition[];
  /** Routes whose state has changed, also where that is no transition. */
  readonly changed: readonly StandingRoute[];
  /** Routes that should be attempted again at once. */
  readonly doubtful: readonly StandingRoute[];
  readonly seen: readonly SeenRound[];
}

/** A round that was judged. */
export interface SeenRound {
  readonly route: StandingRoute;
  /** When its latest attempt began, milliseconds since 1970. */
  readonly atMs: number;
  readonly agrees: boolean;
  /** As in `Round`. */
  readonly asked: number | null;
}
