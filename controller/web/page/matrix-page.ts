/** The page of the matrix, in pieces; and the parts of it that change while it is looked at. */
import { optedOutSentence } from '../../publish/opted-out.ts';
import { board, BOARD_SECTIONS, skipLinks } from './board.ts';
import { conflictPart, driftPart, unknownPart } from './findings.ts';
import { FRAME_END, frameStart } from './frame.ts';
import { byNamespace } from './grid.ts';
import { headPart, titleOf, troublesPart } from './head.ts';
import { historyPart } from './history.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { healthTable, portSummary, transportTable } from './port-tables.ts';
import { blockSummary, FOLD_ROWS, overviewTable } from './reachability.ts';
import type { View } from './view.ts';

export interface Reader {
  /** Has a token, and can give it back. */
  readonly isSignedIn: boolean;
}

const NO_CHANGE = 'Nothing has changed since the monitor began to watch.';

export function* matrixPage(view: View, reader: Reader): Generator<string, void, undefined> {
  yield frameStart(titleOf(view), { tag: view.tag, isGrey: view.shown.isStalled });
  yield markup`${skipLinks([...BOARD_SECTIONS, ['history', 'What has changed']])}
<header class="top"><h1><a class="brand" href="/">Meshproof</a></h1>
<div id="head" data-part>${headPart(view)}</div>
</header>
<p id="gone" class="gone" role="alert" hidden></p>
<div id="troubles" class="troubles" data-part>${troublesPart(view)}</div>
<p id="news" class="unseen" role="status"></p>
`.html;
  yield* board(view, historySection(view));
  yield markup`${footer(view, reader)}<dialog id="evidence" aria-labelledby="evidence-title">
<form method="dialog"><button class="button">Close</button></form>
<div id="evidence-body"></div>
</dialog>
`.html;
  yield FRAME_END;
}

function historySection({ history }: View): Markup {
  return markup`<section id="history" aria-labelledby="history-title">
<h2 id="history-title">What has changed</h2>
<div id="history-list" data-part>${historyPart(history, NO_CHANGE)}</div>
</section>
`;
}

function footer({ shown }: View, { isSignedIn }: Reader): Markup {
  const signOut = markup`<form method="post" action="/sign-out"><button class="button">Sign out</button></form>`;
  const left = optedOutSentence(shown);
  return markup`<footer>
${left === '' ? null : markup`<p>${left}</p>`}
<p><a href="/api/v1/matrix">The matrix as JSON</a> · <a href="/openapi.json">API</a> · <a href="/metrics">Metrics</a></p>
<noscript><p>Without script this page shows one moment; load it again for the next.</p></noscript>
${isSignedIn ? signOut : null}</footer>
`;
}

/** By the id of their element, what stands in it. Marks of cells change by themselves. */
export function partsOf(view: View): ReadonlyMap<string, Markup> {
  const parts = new Map<string, Markup>([
    ['head', headPart(view)],
    ['troubles', troublesPart(view)],
    ['drift-list', driftPart(view)],
    ['unknown-list', unknownPart(view)],
    ['conflict-list', conflictPart(view)],
    ['history-list', historyPart(view.history, NO_CHANGE)],
  ]);
  const { rows } = view.grid;
  if (rows.length > FOLD_ROWS) {
    parts.set('overview', overviewTable(view));
    for (const { namespace, items } of byNamespace(rows)) parts.set(`sum-${namespace}`, blockSummary(namespace, items));
  }
  for (const table of [transportTable(view), healthTable(view)]) {
    for (const { id, html } of table.rows) parts.set(id, html);
    if (table.rows.length <= FOLD_ROWS) continue;
    for (const { namespace, items } of byNamespace(table.rows)) {
      parts.set(`sum-${table.id}-${namespace}`, portSummary(namespace, items));
    }
  }
  return parts;
}
