/** One route in a table: its mark, as a link to its evidence where there is any. */
import type { RouteNow } from '../../monitor/current.ts';
import { escapeText } from './markup.ts';
import type { Markup } from './markup.ts';
import type { View } from './view.ts';

/** There may be forty thousand of them; what is not made of names needs no escaping. */
export function tiles(routes: readonly RouteNow[], view: View): Markup {
  let html = '';
  for (const route of routes) {
    const { glyph, look, label } = view.markOf(route);
    const evidence = view.evidenceOf(route.cell.key);
    html +=
      evidence === null
        ? `<span class="tile ${look}" role="img" title="${escapeText(label)}">${glyph}</span>`
        : `<a id="${view.idOf(route)}" class="${look}" href="${evidence}" aria-label="${escapeText(label)}">${glyph}</a>`;
  }
  return { html };
}

/** A cell that no route is planned for. */
export const UNPLANNED: Markup = { html: '<td class="none">·</td>' };
