/** What is remembered of a route from one attempt to the next, so that what is reported is not what was seen by chance. */
import type { Drift } from '../judge/finding.ts';
import type { Access } from './current.ts';

export interface RouteState {
  /** The debounced drift. */
  readonly drift: Drift;
  readonly access: Access;
  /** When `drift` became what it is, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Of the latest observations, oldest first, at most five. */
  readonly recent: readonly Drift[];
  /** When `drift` changed, the latest last; no further back than flapping is looked for. */
  readonly changesAtMs: readonly number[];
  /** Of transitions so far. */
  readonly sequence: number;
}

/** What one round of attempts on a route comes to. */
export interface Observation {
  readonly drift: Drift;
  readonly access: Access;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export interface Observed {
  readonly state: RouteState;
  /** The debounced drift, or with the same drift the access, is another one than before. */
  readonly isTransition: boolean;
  /** What was seen would change the state if it were seen once more: the sooner the better. */
  readonly wantsConfirmation: boolean;
}

const KEPT = 5;
/** A drift that is not for one attempt alone to say: so many of the latest five. */
const MOST = 3;
/** In a row, before what nobody could tell is said to be unknown. */
const LOST = 3;

const FLAPPING_WITHIN_MS = 600_000;
const FLAPPING_CHANGES = 4;

/** Protection that does not protect as it is said to: seen once, and confirmed at once. */
const URGENT: ReadonlySet<Drift> = new Set(['exposed', 'downgraded', 'misplaced']);

/**
 * `exposed`, `downgraded` and `misplaced` begin and end with two observations in a row; `blocked` begins with three of five
 * and ends with five clean ones; `unknown` begins with three in a row, and ends with one that knows. That a route turns
 * out to agree when nothing was known of it yet is no transition.
 */
export function observe(before: RouteState | undefined, { drift: seen, access, atMs }: Observation): Observed {
  const state = before ?? begin(atMs);
  const recent = [...state.recent, seen].slice(-KEPT);
  const drift = settle(state.drift, recent);
  const wasNeverKnown = state.sequence === 0 && state.drift === 'unknown';
  const isDrifting = drift !== state.drift;
  const moved = access !== 'unknown' && state.access !== 'unknown' && access !== state.access;
  const isFirst = wasNeverKnown && drift === 'agrees';
  const isTransition = isDrifting ? !isFirst : moved && drift === 'agrees' && seen === 'agrees';
  const isLearnt = seen === drift && (drift === 'unknown' || state.access === 'unknown');
  const changesAtMs = state.changesAtMs.filter((changedMs) => changedMs > atMs - FLAPPING_WITHIN_MS);
  return {
    state: {
      drift,
      access: isTransition || isFirst || isLearnt ? known(access, state.access, drift) : state.access,
      sinceMs: isDrifting ? atMs : state.sinceMs,
      recent: isDrifting ? [seen] : recent,
      changesAtMs: isTransition && isDrifting ? [...changesAtMs, atMs] : changesAtMs,
      sequence: state.sequence + (isTransition ? 1 : 0),
    },
    isTransition,
    wantsConfirmation: !isDrifting && seen !== drift && (URGENT.has(seen) || (URGENT.has(drift) && seen === 'agrees')),
  };
}

/**
 * What was seen once only is no more to be believed of the access than of the drift: it changes with a transition, so that
 * each goes on from where the one before went to. It is merely learnt where it, or the drift, is unknown.
 */
function known(seen: Access, before: Access, drift: Drift): Access {
  return seen === 'unknown' && drift !== 'unknown' ? before : seen;
}

/** Nothing has been seen of it for long: `unknown`, without waiting for more. */
export function forget(state: RouteState, atMs: number): RouteState {
  return {
    ...state,
    drift: 'unknown',
    access: 'unknown',
    sinceMs: atMs,
    recent: [],
    sequence: state.sequence + 1,
  };
}

/** Changed its drift four times in ten minutes. */
export function isFlappingAt(state: RouteState, nowMs: number): boolean {
  return state.changesAtMs.filter((changedMs) => changedMs > nowMs - FLAPPING_WITHIN_MS).length >= FLAPPING_CHANGES;
}

/** Of a route of which nothing is known yet. */
export function begin(atMs: number): RouteState {
  return { drift: 'unknown', access: 'unknown', sinceMs: atMs, recent: [], changesAtMs: [], sequence: 0 };
}

/** The drift that the latest observations, the newest last, leave it at. */
function settle(drift: Drift, recent: readonly Drift[]): Drift {
  const seen = recent.at(-1);
  if (seen === undefined || seen === drift) return drift;
  const inARow = recent.length - 1 - recent.findLastIndex((one) => one !== seen);
  if (URGENT.has(seen)) return inARow >= 2 ? seen : drift;
  switch (seen) {
    case 'unknown':
      return inARow >= LOST ? seen : drift;
    case 'agrees':
      return inARow >= cleanNeeded(drift) ? seen : drift;
    default:
      return recent.filter((one) => one === seen).length >= MOST ? seen : drift;
  }
}

function cleanNeeded(drift: Drift): number {
  if (drift === 'unknown') return 1;
  return URGENT.has(drift) ? 2 : KEPT;
}
