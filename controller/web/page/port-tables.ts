/** The tables whose rows are ports and health checks: what is in force there, probe by probe. */
import { targetKey } from '../../../proto/vocabulary.ts';
import type { HealthProbe } from '../../../proto/vocabulary.ts';
import { compareText } from '../../declared/order.ts';
import type { Cell } from '../../judge/finding.ts';
import { counted } from '../../judge/sentences.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { actionWords, VARIANTS } from '../../publish/health.ts';
import { portMode } from '../../publish/port-mode.ts';
import { certificateWords, columnOf, COLUMNS, declaredMode } from '../../publish/transport.ts';
import { byNamespace } from './grid.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { countTones, FOLD_ROWS, toneCount } from './reachability.ts';
import { tiles, UNPLANNED } from './tile.ts';
import type { View } from './view.ts';

/** A row: its head, then its cells. */
export interface PortRow {
  readonly id: string;
  readonly namespace: string;
  readonly routes: readonly RouteNow[];
  readonly html: Markup;
}

interface PortTable {
  readonly id: 'transport' | 'health';
  readonly title: string;
  readonly lead: string;
  readonly heads: readonly string[];
  readonly rows: readonly PortRow[];
  readonly none: string;
}

export function transportTable(view: View): PortTable {
  const ports = Map.groupBy(
    view.shown.routes.filter(({ cell }) => cell.table === 'transport'),
    ({ cell }) => targetKey(cell.target).replace(/^pod:/, ''),
  );
  const rows = [...ports].sort(([left], [right]) => compareText(left, right));
  return {
    id: 'transport',
    title: 'Transport',
    lead: 'Which mutual-TLS mode each port has in force, read off what it answers to these probes.',
    heads: ['Pod port', 'In force', 'Declared', ...COLUMNS, 'Certificate'],
    rows: rows.map(([port, routes], at) => transportRow(port, routes, at, view)),
    none: 'No port is planned.',
  };
}

function transportRow(port: string, routes: readonly RouteNow[], at: number, view: View): PortRow {
  const cells = routes.map(({ cell }) => cell);
  const isKnown = routes.every(({ freshness }) => freshness === 'fresh');
  const mode = isKnown ? portMode(cells) : 'not known';
  const columns = COLUMNS.map((column) => {
    const here = routes.filter(({ cell }) => columnOf(cell.probe) === column);
    return here.length === 0 ? UNPLANNED : markup`<td class="marks">${tiles(here, view)}</td>`;
  });
  const html = markup`<th scope="row">${port}</th><td>${mode}</td><td>${declaredMode(cells)}</td>${columns}<td class="name">${certificateWords(cells)}</td>`;
  return { id: `p${String(at)}`, namespace: namespaceOf(cells), routes, html };
}

interface CheckedRoute {
  readonly route: RouteNow;
  readonly probe: HealthProbe;
}

export function healthTable(view: View): PortTable {
  const checked = view.shown.routes.flatMap((route): CheckedRoute[] => {
    const { table, probe } = route.cell;
    return table === 'health' && probe.kind === 'health' ? [{ route, probe }] : [];
  });
  const checks = Map.groupBy(
    checked,
    ({ route: { cell }, probe }) => `${cell.target.namespace}/${cell.target.name} ${probe.container}/${probe.check}`,
  );
  const rows = [...checks].sort(([left], [right]) => compareText(left, right));
  return {
    id: 'health',
    title: 'Health checks',
    lead: "Whether the kubelet's checks pass as it sends them, straight to the port, and rewritten to the sidecar.",
    heads: ['Pod', 'Check', 'Kubelet', 'Original', 'Rewritten', 'The kubelet sends'],
    rows: rows.map(([key, group], at) => healthRow(key, group, at, view)),
    none: 'No health check is planned.',
  };
}

function healthRow(key: string, group: readonly CheckedRoute[], at: number, view: View): PortRow {
  const [pod = '', check = ''] = key.split(' ');
  const routes = group.map(({ route }) => route);
  const sent = group.find(({ probe }) => probe.variant === 'kubelet');
  const sends =
    sent === undefined ? '·' : `${actionWords(sent.probe.action)} to port ${String(sent.route.cell.target.port)}`;
  const columns = VARIANTS.map((variant) => {
    const here = group.filter(({ probe }) => probe.variant === variant).map(({ route }) => route);
    return here.length === 0 ? UNPLANNED : markup`<td class="marks">${tiles(here, view)}</td>`;
  });
  const html = markup`<th scope="row">${pod}</th><td>${check}</td>${columns}<td>${sends}</td>`;
  return { id: `h${String(at)}`, namespace: namespaceOf(routes.map(({ cell }) => cell)), routes, html };
}

function namespaceOf([first]: readonly Cell[]): string {
  return first?.target.namespace ?? '';
}

/** Pieces of the section, from its heading on. */
export function* portSection({ id, title, lead, heads, rows, none }: PortTable): Generator<string, void, undefined> {
  yield markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<p class="quiet">${lead}</p>
`.html;
  if (rows.length === 0) yield markup`<p class="none">${none}</p>`.html;
  else if (rows.length <= FOLD_ROWS) yield* portTable(`${id}-all`, title, heads, rows);
  else {
    for (const { namespace, items } of byNamespace(rows)) {
      yield markup`<details class="block" id="${id}-${namespace}"><summary id="sum-${id}-${namespace}" data-part>${portSummary(namespace, items)}</summary>
`.html;
      yield* portTable(`${id}-${namespace}`, `${title} in namespace ${namespace}`, heads, items);
      yield '</details>\n';
    }
  }
  yield '</section>\n';
}

export function portSummary(namespace: string, rows: readonly PortRow[]): Markup {
  const counts = countTones(rows.flatMap(({ routes }) => routes)).map(([tone, count]) => toneCount(tone, count));
  return markup`<b>${namespace}</b> ${counted(rows.length, 'row')}${counts}`;
}

function* portTable(
  id: string,
  caption: string,
  heads: readonly string[],
  rows: readonly PortRow[],
): Generator<string, void, undefined> {
  yield markup`<div class="scroll" id="scroll-${id}" role="region" aria-label="${caption}" tabindex="0">
<table class="ports">
<caption>${caption}</caption>
<thead><tr>${heads.map((head) => markup`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
`.html;
  for (const row of rows) yield `<tr id="${row.id}" data-part>${row.html.html}</tr>\n`;
  yield '</tbody></table></div>\n';
}
