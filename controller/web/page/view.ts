/** What the page shows, worked out once for a state of the matrix. */
import { probeKey } from '../../../proto/vocabulary.ts';
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
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import type { RouteNames } from './route-names.ts';
import { routePath } from './words.ts';

/** Where the page leads to. */
export interface Links {
  /** Where the evidence of the route with this key is; null: there is none to go to. */
  readonly evidenceOf: (key: string) => string | null;
  /** Where all is told that has no room on the page. */
  readonly wholeMatrix: Markup;
}

export interface View extends Links {
  readonly tag: string;
  readonly shown: Shown;
  readonly grid: Grid;
  readonly findings: readonly Finding[];
  readonly cells: ReadonlyMap<string, Cell>;
  readonly history: HistoryNow;
  readonly markOf: (route: RouteNow) => Mark;
  /** Of the element that shows the route; the same as long as the plan is. */
  readonly idOf: (route: RouteNow) => string;
  readonly suppressed: ReadonlyMap<Suppression, number>;
}

/** @param links Those of a page that stands by itself. @default to what the controller serves */
export function viewOf(shown: Shown, history: HistoryNow, names: RouteNames, links?: Links): View {
  names.keep(shown.routes.length);
  const { findings, numberOf } = listFindings(asSweep(shown));
  const ids = new Map(shown.routes.map(({ cell }, at) => [cell.key, markId(at)]));
  const suppressed = new Map<Suppression, number>();
  for (const { suppression } of shown.routes) {
    if (suppression !== null) suppressed.set(suppression, (suppressed.get(suppression) ?? 0) + 1);
  }
  const cells = new Map(shown.routes.map(({ cell }) => [cell.key, cell]));
  const servedEvidence = (key: string): string => {
    const cell = cells.get(key);
    return cell === undefined ? routePath(key) : names.of(cell).path;
  };
  const evidenceOf = links?.evidenceOf ?? servedEvidence;
  return {
    tag: pageTag(shown, history),
    shown,
    grid: gridOf(shown.routes, names),
    findings,
    cells,
    history,
    markOf: (route) => {
      const { cell } = route;
      const number = numberOf.get(cell.key);
      const isLink = evidenceOf(cell.key) !== null;
      // What leads nowhere is not read by itself: head of row and column say who calls whom.
      const call = isLink ? names.of(cell).call : probeKey(cell.probe);
      return markOf(route, number === undefined ? undefined : findings[number - 1], call);
    },
    evidenceOf,
    wholeMatrix: links?.wholeMatrix ?? markup`<a href="/api/v1/matrix">the matrix as JSON</a>`,
    idOf: ({ cell }) => ids.get(cell.key) ?? '',
    suppressed,
  };
}

/** Of the element that shows the route at this place of the plan. */
export function markId(at: number): string {
  return `c${String(at)}`;
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
