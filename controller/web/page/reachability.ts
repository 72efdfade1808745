/** The reachability table: a row a vantage, a column a target, both by namespace; long ones folded by namespace. */
import type { Drift } from '../../judge/finding.ts';
import { counted } from '../../judge/sentences.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { byNamespace } from './grid.ts';
import type { GridColumn, GridRow } from './grid.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { toneOf } from './mark.ts';
import type { Tone } from './mark.ts';
import { tiles, UNPLANNED } from './tile.ts';
import type { View } from './view.ts';

/** More rows than that, and they are folded. */
export const FOLD_ROWS = 100;

/** Pieces of the section, from its heading on. */
export function* reachabilitySection(view: View): Generator<string, void, undefined> {
  const { rows, columns } = view.grid;
  yield markup`<section id="reachability" aria-labelledby="reachability-title">
<h2 id="reachability-title">Reachability</h2>
<p class="quiet">Who gets through to what: a row a caller, a column a service port.</p>
`.html;
  if (rows.length === 0) yield '<p class="none">No call is planned.</p>';
  else if (rows.length > FOLD_ROWS) yield* foldedRows(view);
  else
    yield* table(
      rows,
      columns,
      view,
      'all',
      `Reachability of ${counted(columns.length, 'target')} from ${counted(rows.length, 'caller')}`,
    );
  yield '</section>\n';
}

function* foldedRows(view: View): Generator<string, void, undefined> {
  yield overview(view).html;
  for (const { namespace, items } of byNamespace(view.grid.rows)) {
    yield markup`<details class="block" id="rows-${namespace}"><summary id="sum-${namespace}" data-part>${blockSummary(namespace, items)}</summary>
`.html;
    const caption = `Reachability from namespace ${namespace}`;
    yield* table(items, view.grid.columns, view, namespace, caption);
    yield '</details>\n';
  }
}

/** `shop: 12 callers, 3 exposed, 1 unknown, 230 as declared`. */
export function blockSummary(namespace: string, rows: readonly GridRow[]): Markup {
  const routes = rows.flatMap((row) => [...row.routes.values()].flat());
  const counts = countTones(routes).map(([tone, count]) => toneCount(tone, count));
  return markup`<b>${namespace}</b> ${counted(rows.length, 'caller')}${counts}`;
}

export function toneCount(tone: Tone, count: number): Markup {
  return markup`, <span class="tag ${tone}">${count} ${TONE_WORDS[tone]}</span>`;
}

const TONE_WORDS: Readonly<Record<Tone, string>> = {
  exposed: 'exposed',
  downgraded: 'downgraded',
  blocked: 'blocked',
  misplaced: 'misplaced',
  unknown: 'not known',
  open: 'open as declared',
  shut: 'refused as declared',
};
const TONES: readonly Tone[] = ['exposed', 'downgraded', 'blocked', 'misplaced', 'unknown', 'open', 'shut'];

/** Worst first; those that there are. */
export function countTones(routes: readonly RouteNow[]): readonly (readonly [tone: Tone, count: number])[] {
  const counts = new Map<Tone, number>();
  for (const route of routes) {
    const tone = toneOf(route);
    counts.set(tone, (counts.get(tone) ?? 0) + 1);
  }
  return TONES.flatMap((tone) => {
    const count = counts.get(tone);
    return count === undefined ? [] : [[tone, count] as const];
  });
}

function* table(
  rows: readonly GridRow[],
  columns: readonly GridColumn[],
  view: View,
  id: string,
  caption: string,
): Generator<string, void, undefined> {
  yield markup`<div class="scroll" id="scroll-${id}" role="region" aria-label="${caption}" tabindex="0">
<table class="matrix">
<caption>${caption}</caption>
${columnHeads(columns)}
`.html;
  for (const { items } of byNamespace(rows)) {
    yield '<tbody>\n';
    for (const row of items) yield rowHtml(row, columns, view);
    yield '</tbody>\n';
  }
  yield '</table></div>\n';
}

function columnHeads(columns: readonly GridColumn[]): Markup {
  const heads = columns.map(({ key, namespace }, at) => {
    const isFirst = columns[at - 1]?.namespace !== namespace;
    return markup`<th scope="col"${isFirst ? BORDERED : null} title="${key}"><span>${key}</span></th>`;
  });
  return markup`<thead><tr><td>caller ↓ target →</td>${heads}</tr></thead>`;
}

/** Where another namespace begins. */
const BORDERED: Markup = { html: ' class="first"' };

function rowHtml(row: GridRow, columns: readonly GridColumn[], view: View): string {
  let html = markup`<tr><th scope="row">${row.caller} <span class="plane">${row.plane}</span></th>`.html;
  for (const { key } of columns) {
    const routes = row.routes.get(key);
    html += routes === undefined ? UNPLANNED.html : `<td>${tiles(routes, view).html}</td>`;
  }
  return `${html}</tr>\n`;
}

function overview(view: View): Markup {
  return markup`<div class="scroll" id="scroll-overview" role="region" aria-label="Reachability by namespace" tabindex="0">
<table class="matrix overview" id="overview" data-part>${overviewTable(view)}</table></div>
`;
}

/** Namespace by namespace: how many calls of the worst kind there are, and where to look for them. */
export function overviewTable({ grid: { rows, columns } }: View): Markup {
  const targets = byNamespace(columns);
  const heads = targets.map(({ namespace }) => markup`<th scope="col"><span>${namespace}</span></th>`);
  const lines = byNamespace(rows).map(({ namespace, items }) => {
    const cells = targets.map((group) => overviewCell(items, namespace, group));
    return markup`<tr><th scope="row"><a href="#rows-${namespace}">${namespace}</a></th>${cells}</tr>
`;
  });
  return markup`<caption>Reachability by namespace: calls of the worst kind</caption>
<thead><tr><td>from ↓ into →</td>${heads}</tr></thead>
<tbody>${lines}</tbody>
`;
}

function overviewCell(
  rows: readonly GridRow[],
  from: string,
  to: { readonly namespace: string; readonly items: readonly GridColumn[] },
): Markup {
  const routes = rows.flatMap((row) => to.items.flatMap(({ key }) => row.routes.get(key) ?? []));
  const [worst] = countTones(routes);
  if (worst === undefined) return UNPLANNED;
  const [tone, count] = worst;
  const label = `${from} to ${to.namespace}: ${String(count)} of ${counted(routes.length, 'call')} ${TONE_WORDS[tone]}`;
  return markup`<td><a class="${tone}" href="#rows-${from}" aria-label="${label}">${OVERVIEW_GLYPHS[tone]}${isDrift(tone) ? count : null}</a></td>`;
}

function isDrift(tone: Tone): tone is Exclude<Drift, 'agrees'> {
  return tone !== 'open' && tone !== 'shut';
}

const OVERVIEW_GLYPHS: Readonly<Record<Tone, string>> = {
  exposed: '○',
  downgraded: '◐',
  blocked: '✗',
  misplaced: '≠',
  unknown: '?',
  open: '●',
  shut: '✗',
};
