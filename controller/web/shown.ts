/** What may be shown of the matrix at this moment: of a monitor that has stopped moving, nothing is known any more. */
import type { Clock } from '../../proto/clock.ts';
import type { Verdict } from '../judge/finding.ts';
import type { Current, RouteNow, Trouble } from '../monitor/current.ts';
import type { Monitored } from '../monitor/monitored.ts';

export interface Shown extends Current {
  /** The monitor itself has not moved for three intervals, or the clock was set since. */
  readonly isStalled: boolean;
}

const INTERVALS = 3;

/** Made once for each state that is asked for. */
export function shownBy(monitored: Pick<Monitored, 'current'>, clock: Pick<Clock, 'nowMs'>): () => Shown {
  let last: { readonly current: Current; readonly shown: Shown } | undefined;
  return () => {
    const current = monitored.current();
    const isStalled = isStalledAt(current, clock.nowMs());
    if (last?.current !== current || last.shown.isStalled !== isStalled) {
      last = { current, shown: isStalled ? stalled(current) : { ...current, isStalled } };
    }
    return last.shown;
  };
}

/** A clock that was set back is as bad as one that ran on: nobody can tell how old things are. */
export function isStalledAt({ atMs, intervalMs }: Pick<Current, 'atMs' | 'intervalMs'>, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) > INTERVALS * intervalMs;
}

/** The same tag, the same matrix: over restarts, and with the monitor stalled or not. */
export function tagOf({ startedAtMs, revision, isStalled }: Shown): string {
  return `${String(startedAtMs)}-${String(revision)}${isStalled ? '-stalled' : ''}`;
}

function stalled(current: Current): Shown {
  const { atMs, routes, verdict, troubles } = current;
  const at = new Date(atMs).toISOString();
  const message = `Nothing has been judged since ${at}: the controller is stalled, or its clock was set. See its log.`;
  const trouble: Trouble = { kind: 'stalled', message, sinceMs: atMs };
  return {
    ...current,
    isStalled: true,
    routes: routes.map(outOfDate),
    verdict: unknownVerdict(verdict, `nothing has been judged since ${at}`),
    troubles: [trouble, ...troubles.filter(({ kind }) => kind !== 'stalled')],
  };
}

function outOfDate(route: RouteNow): RouteNow {
  const { cell, freshness } = route;
  if (freshness !== 'fresh') return route;
  return { ...route, cell: { ...cell, drift: 'unknown', cause: null }, access: 'unknown', freshness: 'stale' };
}

function unknownVerdict({ counts }: Verdict, why: string): Verdict {
  const none = { agrees: 0, exposed: 0, blocked: 0, downgraded: 0, misplaced: 0, deniedAsDeclared: 0 };
  return { value: 'inconclusive', coverage: 0, counts: { ...counts, ...none, unknown: counts.planned }, why };
}
