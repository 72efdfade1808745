/** What the page shows, worked out once for a state of the matrix. */
import type { Cell, Sweep } from '../../judge/finding.ts';
import type { RouteNow, Suppression } from '../../monitor/current.ts';
import { listFindings } from '../../publish/finding-list.ts';
import type { Finding } from '../../publish/finding-list.ts';
import type { Shown } from '../shown.ts';
import { tagOf } from '../shown.ts';
import { gridOf } from './grid.ts';
import type { Grid } from './grid.ts';
import type { HistoryNow } from './history.ts';
import { markOf } from './mark.ts';
import type { Mark } from './mark.ts';
import type { RouteName, RouteNames } from './route-names.ts';

export interface View {
  readonly tag: string;
  readonly shown: Shown;
  readonly grid: Grid;
  readonly findings: readonly Finding[];
  readonly cells: ReadonlyMap<string, Cell>;
  readonly history: HistoryNow;
  readonly markOf: (route: RouteNow) => Mark;
  readonly nameOf: (route: RouteNow) => RouteName;
  /** Of the element that shows the route; the same as long as the plan is. */
  readonly idOf: (route: RouteNow) => string;
  readonly suppressed: ReadonlyMap<Suppression, number>;
}

export function viewOf(shown: Shown, history: HistoryNow, names: RouteNames): View {
  names.keep(shown.routes.length);
  const { findings, numberOf } = listFindings(asSweep(shown));
  const ids = new Map(shown.routes.map(({ cell }, at) => [cell.key, `c${String(at)}`]));
  const suppressed = new Map<Suppression, number>();
  for (const { suppression } of shown.routes) {
    if (suppression !== null) suppressed.set(suppression, (suppressed.get(suppression) ?? 0) + 1);
  }
  return {
    tag: pageTag(shown, history),
    shown,
    grid: gridOf(shown.routes, names),
    findings,
    cells: new Map(shown.routes.map(({ cell }) => [cell.key, cell])),
    history,
    markOf: (route) => {
      const number = numberOf.get(route.cell.key);
      return markOf(route, number === undefined ? undefined : findings[number - 1], names.of(route.cell).call);
    },
    nameOf: ({ cell }) => names.of(cell),
    idOf: ({ cell }) => ids.get(cell.key) ?? '',
    suppressed,
  };
}

/** The same tag, the same page. */
export function pageTag(shown: Shown, history: HistoryNow): string {
  return `${tagOf(shown)}-${history.isWhole ? '' : 'part-'}${String(history.events.at(-1)?.id ?? 0)}`;
}

/** For what is written for sweeps and reads cells and conflicts only. */
export function asSweep(shown: Shown): Sweep {
  const { routes, conflicts, verdict, snapshot, optedOut, atMs, startedAtMs } = shown;
  return {
    id: '',
    startedAt: new Date(startedAtMs).toISOString(),
    finishedAt: new Date(atMs).toISOString(),
    snapshot,
    vantages: [],
    targets: [],
    optedOut,
    cells: routes.map(({ cell }) => cell),
    conflicts,
    verdict,
  };
}
