/** The main part of the page: findings, the tables, conflicts, and what the marks mean. */
import { conflictPart, driftPart, unknownPart } from './findings.ts';
import { legend } from './legend.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { healthTable, portSection, transportTable } from './port-tables.ts';
import { reachabilitySection } from './reachability.ts';
import type { View } from './view.ts';

export const BOARD_SECTIONS: readonly Section[] = [
  ['drift', 'Drift'],
  ['reachability', 'Reachability'],
  ['transport', 'Transport'],
  ['health', 'Health checks'],
  ['conflicts', 'Conflicts'],
];

type Section = readonly [id: string, title: string];

/** The way past all that stands before a section. */
export function skipLinks(sections: readonly Section[]): Markup {
  return markup`<nav class="skip" aria-label="Sections">${sections.map(([id, title]) => markup`<a href="#${id}">${title}</a>`)}</nav>`;
}

/**
 * In pieces.
 *
 * @param history A section of its own, where the page follows what goes on.
 */
export function* board(view: View, history: Markup | null): Generator<string, void, undefined> {
  yield markup`<main class="board">
<section id="drift" aria-labelledby="drift-title">
<h2 id="drift-title">Drift</h2>
<p class="quiet">Where what is measured differs from what is declared.</p>
<div id="drift-list" data-part>${driftPart(view)}</div>
<div id="unknown-list" data-part>${unknownPart(view)}</div>
</section>
`.html;
  yield '<div class="tables">\n';
  yield* reachabilitySection(view);
  yield* portSection(transportTable(view));
  yield* portSection(healthTable(view));
  yield markup`</div>
<div class="rest">
<section id="conflicts" aria-labelledby="conflicts-title">
<h2 id="conflicts-title">Conflicts</h2>
<p class="quiet">Declared objects that contradict each other or their own purpose.</p>
<div id="conflict-list" data-part>${conflictPart(view)}</div>
</section>
${history}</div>
${legend(history !== null)}</main>
`.html;
}
