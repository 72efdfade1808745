/** The sweep as one HTML file: the page of `serve`, with its evidence inside, for a browser that is alone with it. */
import { VERSION } from '../../proto/version.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import { counted } from '../judge/sentences.ts';
import { accessOf } from '../monitor/access.ts';
import type { RouteNow } from '../monitor/current.ts';
import { board, BOARD_SECTIONS, skipLinks } from '../web/page/board.ts';
import { coverageWords, titleOf, verdictPart } from '../web/page/head.ts';
import { markup } from '../web/page/markup.ts';
import type { Markup } from '../web/page/markup.ts';
import { RouteNames } from '../web/page/route-names.ts';
import { viewOf } from '../web/page/view.ts';
import { duration, moment } from '../web/page/words.ts';
import type { Shown } from '../web/shown.ts';
import { denialSentence, denialsOf } from './denials.ts';
import { listFindings } from './finding-list.ts';
import { sheetsOf } from './html-evidence.ts';
import type { Sheets } from './html-evidence.ts';
import { FILE_END, fileStart } from './html-frame.ts';
import { optedOutSentence } from './opted-out.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { countWords } from './verdict-words.ts';

/** @param command That the sweep was asked for with; not told where it is not known. */
export function publishHtml(sweep: Sweep, _page?: Page, _locate?: Locate, command = ''): string {
  const shown = shownOf(sweep);
  const sheets = sheetsOf(shown, listFindings(sweep).findings);
  const view = viewOf(shown, { events: [], isWhole: true }, new RouteNames(), {
    evidenceOf: (key) => sheets.links.get(key) ?? null,
    wholeMatrix: markup`<span class="code">-o json</span>`,
  });
  return [
    fileStart(titleOf(view)),
    headOf(sweep, command, sheets).html,
    ...board(view, null),
    footer(sweep).html,
    ...sheets.html,
    FILE_END,
  ].join('');
}

/** What a monitor would show if it had just made this sweep. */
function shownOf(sweep: Sweep): Shown {
  const { startedAt, finishedAt, snapshot, cells, conflicts, verdict, optedOut } = sweep;
  const startedAtMs = Date.parse(startedAt);
  const atMs = Date.parse(finishedAt);
  return {
    revision: 0,
    atMs,
    startedAtMs,
    intervalMs: 0,
    snapshot: { ...snapshot, syncedAtMs: startedAtMs, warnings: [] },
    routes: cells.map((cell) => routeOf(cell, atMs)),
    conflicts,
    verdict,
    optedOut,
    agents: [],
    troubles: [],
    lastSweep: null,
    isStalled: false,
  };
}

function routeOf(cell: Cell, atMs: number): RouteNow {
  const latest = cell.attempts.reduce((last, { startedAtMs }) => Math.max(last, startedAtMs), -Infinity);
  return {
    cell,
    seen: cell.drift,
    access: accessOf(cell.outcome),
    sinceMs: atMs,
    measuredAtMs: latest === -Infinity ? null : latest,
    freshness: 'fresh',
    isFlapping: cell.isFlapping,
    suppression: null,
    intervalMs: 0,
  };
}

function headOf(sweep: Sweep, command: string, sheets: Sheets): Markup {
  const { id, startedAt, finishedAt, verdict, snapshot } = sweep;
  const [startedAtMs, finishedAtMs] = [Date.parse(startedAt), Date.parse(finishedAt)];
  const denials = denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']);
  return markup`${skipLinks(BOARD_SECTIONS)}
<header class="top"><h1><span class="brand">Meshproof</span></h1>
<div id="head">${verdictPart(verdict)}
<dl class="facts">
<div><dt>Counts</dt><dd>${countWords(verdict)}</dd></div>
<div><dt>Coverage</dt><dd>${coverageWords(verdict)}</dd></div>
<div><dt>Swept</dt><dd>${moment(startedAtMs)}, took ${duration(finishedAtMs - startedAtMs)}</dd></div>
<div><dt>Policy read</dt><dd>${counted(snapshot.objects.length, 'object')}</dd></div>
<div><dt>Sweep</dt><dd><span class="code">${id}</span></dd></div>
${command === '' ? null : markup`<div><dt>Command</dt><dd><span class="code">${command}</span></dd></div>`}
<div class="wide"><dt>Refused as declared</dt><dd>${denials}</dd></div>
</dl></div>
</header>
${leftOutPart(sheets)}`;
}

/** What the file would have been too large with. */
function leftOutPart({ leftOutFindings, leftOutPlain }: Sheets): Markup {
  if (leftOutFindings + leftOutPlain === 0) return markup``;
  const parts = [
    leftOutFindings === 0 ? '' : `${counted(leftOutFindings, 'cell')} of findings`,
    leftOutPlain === 0 ? '' : `${counted(leftOutPlain, 'cell')} as declared`,
  ].filter((part) => part !== '');
  return markup`<div class="troubles"><ul><li>To keep this file small, the evidence of ${parts.join(' and of ')} is left out: their marks are no links, and say in their titles what was measured. <span class="code">-o json</span> has all of it.</li></ul></div>
`;
}

function footer(sweep: Sweep): Markup {
  const left = optedOutSentence(sweep);
  return markup`<footer>
${left === '' ? null : markup`<p>${left}</p>`}
<p>Written by Meshproof ${VERSION}. This file shows one sweep as it was; nothing in it is loaded from anywhere.</p>
</footer>
`;
}
