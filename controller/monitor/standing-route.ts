/** One route of the standing matrix: what is declared of it, what was seen of it, and what it is said to be. */
import type { Cell } from '../judge/finding.ts';
import { isDrifting } from '../judge/settling.ts';
import { causeOf } from '../judge/cause.ts';
import { routeName } from '../judge/sentences.ts';
import type { MeasuredCell } from '../judge/measured-cell.ts';
import type { Dialled } from '../measured/assemble.ts';
import type { Report } from '../../proto/outcome.ts';
import type { Freshness, RouteNow, Suppression } from './current.ts';
import type { DeclaredCell } from './declared-state.ts';
import { isFlappingAt } from './route-state.ts';
import type { RouteState } from './route-state.ts';

/** Now, by both clocks: the wall's, which may be set, and one that never is. */
export interface Times {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Older than so many of its intervals, what was seen of a route says nothing any more. */
export const STALE_AFTER_INTERVALS = 3;

export interface StandingRoute {
  readonly key: string;
  /** On the wire. */
  readonly number: number;
  /** `vantageKey`. */
  readonly vantage: string;
  declared: DeclaredCell;
  /** Monotonic: when its declared answer became another one; -Infinity: not since we began. */
  answerSinceMs: number;
  dialled: readonly Dialled[];
  /** In a round; 0: there is nothing to dial. */
  attempts: number;
  state: RouteState | undefined;
  /** Of the latest round; undefined: none yet. */
  measured: MeasuredCell | undefined;
  cell: Cell | undefined;
  /** As judged when the drift that it is in began. */
  driftCell: Cell | undefined;
  /**
   * Reports of the latest rounds under the declared answer that holds, the newest round last. Where endpoints are declared
   * apart only: one of them that a round has not met may have been met by another.
   */
  rounds: readonly (readonly Report[])[];
  measuredAtMs: number | null;
  /**
   * Monotonic: when the latest attempt that tested anything came in, of a round that is not complete yet as well; before
   * there is one, when the route began.
   */
  heardAtMs: number;
  suppression: Suppression | null;
  /** What it was shown as last, and of what else that was made. */
  shown: (Pick<StandingRoute, 'cell' | 'driftCell' | 'state'> & { readonly as: RouteNow }) | undefined;
}

/**
 * Nothing that tested anything has come of it for three intervals; for two and an attempt where those are longer, for a
 * route that is silent says so only when its attempt is over. `nowMs`: monotonic.
 */
export function isOld({ heardAtMs, declared }: StandingRoute, intervalMs: number, nowMs: number): boolean {
  const silentForMs = (STALE_AFTER_INTERVALS - 1) * intervalMs + Math.max(intervalMs, declared.planned.timeoutMs);
  return nowMs - heardAtMs > silentForMs;
}

function freshnessOf(route: StandingRoute, intervalMs: number, nowMs: number): Freshness {
  if (route.measuredAtMs === null) return 'unmeasured';
  return isOld(route, intervalMs, nowMs) ? 'stale' : 'fresh';
}

/**
 * The same object as long as nothing changes: few of many routes change between two looks.
 * @param missing why nothing is known of it, where nothing is.
 */
export function routeNow(
  route: StandingRoute,
  intervalMs: number,
  { wallMs, monotonicMs }: Times,
  missing: () => MeasuredCell,
): RouteNow {
  const freshness = freshnessOf(route, intervalMs, monotonicMs);
  const { cell, driftCell, state, suppression, measuredAtMs } = route;
  const isFlapping = state !== undefined && isFlappingAt(state, wallMs);
  const last = lastShown(route);
  if (last?.freshness === freshness && last.isFlapping === isFlapping && last.intervalMs === intervalMs) return last;
  const shown = shownCell(route, freshness, missing);
  const as: RouteNow = {
    cell: isFlapping && !shown.isFlapping ? { ...shown, isFlapping } : shown,
    seen: cell?.drift ?? 'unknown',
    access: freshness === 'fresh' ? (state?.access ?? 'unknown') : 'unknown',
    sinceMs: state?.sinceMs ?? wallMs,
    measuredAtMs,
    freshness,
    isFlapping,
    suppression,
    intervalMs,
  };
  route.shown = { cell, driftCell, state, as };
  return as;
}

/** Undefined where the route itself has changed since; of one that is not known, why it is not may change by itself. */
function lastShown({ shown, cell, driftCell, state, suppression, measuredAtMs }: StandingRoute): RouteNow | undefined {
  if (cell === undefined || state === undefined || shown === undefined) return undefined;
  const isSameCell = shown.cell === cell && shown.driftCell === driftCell && shown.as.measuredAtMs === measuredAtMs;
  return isSameCell && shown.state === state && shown.as.suppression === suppression ? shown.as : undefined;
}

function shownCell(route: StandingRoute, freshness: Freshness, missing: () => MeasuredCell): Cell {
  const { cell, state, driftCell } = route;
  if (cell === undefined) return unmeasured(missing());
  if (freshness === 'stale') return outOfDate(cell);
  if (state === undefined) return undecided(cell);
  if (cell.drift === state.drift) return driftCell?.drift === cell.drift ? { ...cell, cause: driftCell.cause } : cell;
  if (isDrifting(state)) return { ...cell, drift: state.drift, cause: driftCell?.cause ?? null };
  if (state.drift === 'agrees') return { ...cell, drift: 'agrees', cause: null };
  return undecided(cell);
}

/** What is too old to be known any more. */
export function outOfDate(cell: Cell): Cell {
  return { ...cell, drift: 'unknown', cause: causeOf('MP1501', `${routeName(cell)} was not measured of late.`) };
}

function undecided(cell: Cell): Cell {
  const message = `${routeName(cell)} has not been seen often enough to say what it is.`;
  return { ...cell, drift: 'unknown', cause: causeOf('MP1501', message) };
}

export function unmeasured(measured: MeasuredCell): Cell {
  const detail = measured.outcome.kind === 'untested' ? measured.outcome.detail : '';
  const message = `${routeName(measured)} was not measured yet${detail === '' ? '' : `: ${detail}`}.`;
  return { ...measured, drift: 'unknown', isFlapping: false, cause: causeOf('MP1501', message) };
}

/** What an agent is told of the route. */
export function taskText({
  declared,
  dialled,
  attempts,
}: Pick<StandingRoute, 'declared' | 'dialled' | 'attempts'>): string {
  const { route, authority, serverName, peerIdentities, connectTimeoutMs, timeoutMs } = declared.planned;
  return JSON.stringify([
    route.probe,
    authority,
    serverName,
    peerIdentities,
    connectTimeoutMs,
    timeoutMs,
    dialled,
    attempts,
  ]);
}
