/** Evidence inside an HTML file: a sheet a route, which a link opens; of as many routes as there is room for. */
import type { Conflict } from '../judge/finding.ts';
import type { RouteNow } from '../monitor/current.ts';
import { causePart, conflictsSection, declaredSection, measuredSection, routeTitle } from '../web/page/evidence.ts';
import { standingOf, toneOf } from '../web/page/mark.ts';
import { markup } from '../web/page/markup.ts';
import { markId } from '../web/page/view.ts';
import { moment } from '../web/page/words.ts';
import type { Shown } from '../web/shown.ts';
import type { Finding } from './finding-list.ts';

/** Characters; what is worth asking about comes first. */
const ROOM = 1_500_000;

export interface Sheets {
  /** By the key of the route: what to link to. */
  readonly links: ReadonlyMap<string, string>;
  readonly html: readonly string[];
  /** For which there was no room, and that differ from what is declared or are part of a finding. */
  readonly leftOutFindings: number;
  /** For which there was no room, and of which there is nothing to find. */
  readonly leftOutPlain: number;
}

/** @param findings In the order in which they are listed. */
export function sheetsOf({ routes, conflicts }: Shown, findings: readonly Finding[]): Sheets {
  const conflictsOf = new Map<string, Conflict[]>();
  for (const conflict of conflicts) {
    for (const key of conflict.cells) {
      const known = conflictsOf.get(key);
      if (known === undefined) conflictsOf.set(key, [conflict]);
      else known.push(conflict);
    }
  }
  const found = new Set(findings.flatMap(({ cells }) => cells));
  const links = new Map<string, string>();
  const html: string[] = [];
  let left = ROOM;
  const leftOut = { findings: 0, plain: 0 };
  for (const placed of inOrder(routes, found)) {
    const { key } = placed.route.cell;
    const sheet = left > 0 ? sheetOf(placed, conflictsOf.get(key) ?? []) : '';
    left -= sheet.length;
    if (left > 0) {
      links.set(key, `#${sheetId(placed)}`);
      html.push(sheet);
    } else if (found.has(key)) leftOut.findings += 1;
    else leftOut.plain += 1;
  }
  return { links, html, leftOutFindings: leftOut.findings, leftOutPlain: leftOut.plain };
}

/** Findings, the worst first; then what is refused as declared, which people ask about; then the rest. */
function inOrder(routes: readonly RouteNow[], found: ReadonlySet<string>): readonly Placed[] {
  const placed = routes.map((route, at): Placed => ({ route, at }));
  const byKey = new Map(placed.map((one) => [one.route.cell.key, one]));
  const others = placed.filter(({ route }) => !found.has(route.cell.key));
  return [
    ...[...found].flatMap((key) => byKey.get(key) ?? []),
    ...others.filter(isRefused),
    ...others.filter((one) => !isRefused(one)),
  ];
}

function isRefused({ route: { cell } }: Placed): boolean {
  return cell.expectation.expect === 'deny';
}

/** In the order of the sweep. */
interface Placed {
  readonly route: RouteNow;
  readonly at: number;
}

function sheetId({ at }: Placed): string {
  return `route-${String(at)}`;
}

function sheetOf(placed: Placed, conflicts: readonly Conflict[]): string {
  const { route, at } = placed;
  const { cell, measuredAtMs } = route;
  const name = sheetId(placed);
  const measured = measuredAtMs === null ? 'not measured' : markup`measured ${moment(measuredAtMs)}`;
  return markup`<article class="evidence sheet" id="${name}" role="dialog" aria-labelledby="${name}-title" tabindex="-1">
<a class="button close" href="#${markId(at)}">Close</a>
<h2 id="${name}-title">${routeTitle(cell)}</h2>
<p><span class="tag ${toneOf(route)}">${standingOf(route)}</span> ${measured}${cell.isFlapping ? '; flapping' : null}</p>
${causePart(cell)}
${declaredSection(cell)}
${measuredSection(cell)}
${conflictsSection(conflicts)}
</article>
`.html;
}
