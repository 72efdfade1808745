/** What is remembered of a route from one attempt to the next, so that what is reported is not what was seen by chance. */
import type { Drift } from '../judge/finding.ts';
import type { Access } from './current.ts';

export interface RouteState {
  /** The debounced drift. */
  readonly drift: Drift;
  readonly access: Access;
  readonly sinceMs: number;
  /** The latest slot that counted: what is older is history. */
  readonly slot: number;
  /** Of the latest observations that counted, oldest first, at most five. */
  readonly recent: readonly Drift[];
  /** When the debounced drift changed, milliseconds since 1970, the latest last; as far back as flapping is looked for. */
  readonly changesAtMs: readonly number[];
  /** Of transitions so far. */
  readonly sequence: number;
}
