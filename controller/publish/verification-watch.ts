/** What a watch saw: who was down or open, from when to when. */
import type { WatchReport, WatchedRoute } from '../gate/watch.ts';
import { counted } from '../judge/sentences.ts';
import { measuredWords } from './compared-routes.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { alignColumns } from './text-layout.ts';
import { durationWords } from './verification-words.ts';

const SHOWN = 20;

export function watchLines(report: WatchReport, page: Page): readonly string[] {
  const { routes, sweeps, firstFlipAtMs, lastFlipAtMs } = report;
  const title = `${paint(page, 'strong', 'Watched')}: ${counted(sweeps, 'sweep', 'sweeps')}, ${watchWords(report)}`;
  if (firstFlipAtMs === null || lastFlipAtMs === null) return [title];
  const rows = routes.slice(0, SHOWN).map(rowOf);
  const head = ['DOWN', 'OPEN', 'WRONG', 'FLIPS', 'FIRST', 'LAST', 'NOW', 'ROUTE'];
  const rest = routes.length - SHOWN;
  return [
    title,
    ...alignColumns([head, ...rows], page.columns - 2).map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${String(rest)} more`] : []),
    `  Times are those of attempts; what was shorter than ${durationWords(report.resolutionMs)} may have been missed.`,
  ];
}

/** `4 routes flipped, the longest outage took 1.2 s`. */
export function watchWords({ routes }: WatchReport): string {
  if (routes.length === 0) return 'nothing flipped';
  const longest = routes.reduce((most, { outageMs }) => Math.max(most, outageMs), 0);
  const outage = longest === 0 ? 'no route was down' : `the longest outage took ${durationWords(longest)}`;
  return `${counted(routes.length, 'route', 'routes')} flipped, ${outage}`;
}

function rowOf({
  identity,
  now,
  flips,
  outageMs,
  openingMs,
  wrongMs,
  intervals,
  ...route
}: WatchedRoute): readonly string[] {
  const last = intervals.at(-1);
  const goesOn = last?.toMs === null ? '+' : '';
  const length = (kind: 'outage' | 'opening', ms: number): string =>
    ms === 0 && last?.kind !== kind ? '-' : `${durationWords(ms)}${last?.kind === kind ? goesOn : ''}`;
  return [
    length('outage', outageMs),
    length('opening', openingMs),
    wrongMs === 0 ? '-' : durationWords(wrongMs),
    String(flips),
    clock(route.firstFlipAtMs),
    clock(route.lastFlipAtMs),
    measuredWords(now),
    identity.replace(/^[a-z]+ /, '').replace('pods:', 'pods of '),
  ];
}

/** `12:00:00.123`, UTC. */
function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}
