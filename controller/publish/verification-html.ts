/** A verification, or the difference of two baselines, as one HTML file that has everything in itself. */
import { VERSION } from '../../proto/version.ts';
import type { BaselineCell, BaselineConflict } from '../gate/baseline.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { counted } from '../judge/sentences.ts';
import { markup } from '../web/page/markup.ts';
import type { Markup } from '../web/page/markup.ts';
import { routeGroups, stateWords } from './compared-routes.ts';
import { FILE_END, fileStart } from './html-frame.ts';
import { objectWords } from './object-words.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { predictionItems, predictionWords } from './verification-prediction.ts';
import { watchWords } from './verification-watch.ts';
import type { ChangeGroup } from './verification-words.ts';
import {
  causeWords,
  changedTitle,
  circumstances,
  conflictTitle,
  durationWords,
  expectedWords,
  groupChanges,
  headline,
  missingWords,
  seenWords,
} from './verification-words.ts';

/** Of one list; what is left out is counted. */
const SHOWN = 200;

type Routes = Parameters<typeof routeGroups>[0];

/** @param command That it was asked for with; not told where it is not known. */
export function verificationHtml(report: VerificationReport, _page?: Page, _locate?: Locate, command = ''): string {
  const title = headline(report);
  const [, name = '', why = ''] = /^([^:]*): (.*)$/s.exec(title) ?? [];
  return [
    fileStart(`${title} · Meshproof`),
    markup`<header class="top"><h1><span class="brand">Meshproof</span></h1>
<p class="verdict ${report.verification.verdict}"><strong>${name}</strong> <span>${why}</span></p>
<p>${circumstances(report)}</p>
${command === '' ? null : markup`<p class="quiet">Command <span class="code">${command}</span></p>`}
</header>
<main class="plain">
${sectionsOf(report)}</main>
<footer><p>Written by Meshproof ${VERSION}. Nothing in this file is loaded from anywhere.</p></footer>
`.html,
    FILE_END,
  ].join('');
}

function sectionsOf(report: VerificationReport): readonly Markup[] {
  const { verification, flaps, prediction, watch } = report;
  const { unexpected, meant, missing, unexpectedConflicts, comparison, after } = verification;
  const { standing, standingConflicts, endedConflicts, shifted, newConflicts } = comparison;
  const mild = newConflicts.filter((conflict) => !unexpectedConflicts.includes(conflict));
  const unknown = Map.groupBy(
    after.cells.filter(({ drift }) => drift === 'unknown'),
    ({ message }) => (message === '' ? 'It was not measured.' : message),
  );
  const old = Map.groupBy(standing, (cell) => `${stateWords(cell)} ${causeWords(cell)}`);
  const none = markup`<p class="none">Nothing.</p>`;
  return [
    section(changedTitle(report), groupChanges(unexpected).map(changeItem), none),
    section('Conflicts that were not there before', unexpectedConflicts.map(conflictItem)),
    section(
      'Meant, and did not happen',
      missing
        .filter(({ expected }) => prediction === undefined || expected.isForetold !== true)
        .map((one) => markup`<li><p><b>${expectedWords(one.expected)}</b>; but ${missingWords(one)}</p></li>`),
    ),
    section('Changed as meant', groupChanges(meant).map(changeItem)),
    prediction === undefined
      ? markup``
      : section(
          `The prediction: ${predictionWords(prediction)}`,
          predictionItems(prediction).map(([words, cells]) => markup`<li><p>${words}</p>${routes(cells)}</li>`),
        ),
    watch === undefined ? markup`` : watched(watch),
    section(
      'Not the same in all sweeps',
      flaps.map(({ identity, seen }) => markup`<li><p><b>${identity}</b>: ${seenWords(seen)}</p></li>`),
    ),
    section('Not known', grouped(unknown)),
    section('Wrong before, and as wrong now', [...grouped(old), ...standingConflicts.map(conflictItem)]),
    section('New, and no failure', mild.map(conflictItem)),
    section(
      'Closed as before, but by another layer than declared',
      shifted.length === 0 ? [] : [markup`<li>${routes(shifted)}</li>`],
    ),
    section('Conflicts that are gone', endedConflicts.map(conflictItem)),
  ];
}

/** @param none What to say where there is nothing. @default no section */
function section(title: string, items: readonly Markup[], none?: Markup): Markup {
  if (items.length === 0 && none === undefined) return markup``;
  const rest = items.length - SHOWN;
  const more = rest > 0 ? markup`<li>and ${rest} more: see <span class="code">-o json</span></li>` : null;
  const list = markup`<ul class="changes">${items.slice(0, SHOWN)}${more}</ul>`;
  return markup`<section><h2>${title}</h2>${items.length === 0 && none !== undefined ? none : list}</section>
`;
}

function changeItem({ kind, title, cells, example }: ChangeGroup): Markup {
  const tone = kind === 'gone' ? 'agrees' : (cells[0]?.drift ?? 'agrees');
  return markup`<li><p><span class="tag ${tone}">${kind}</span> <b>${title}</b> <span class="code">${causeWords(example)}</span></p>
${example === null ? null : reasons(example)}${routes(cells)}</li>`;
}

function conflictItem(conflict: BaselineConflict): Markup {
  return markup`<li><p><span class="tag ${conflict.severity}">${conflict.severity}</span> <span class="code">${conflictTitle(conflict).replace(/^\S+ /, '')}</span></p>
${reasons(conflict)}</li>`;
}

function reasons({ message, objects, fix }: Pick<BaselineCell, 'message' | 'objects' | 'fix'>): Markup {
  return markup`<p>${message}</p>
${objects.length === 0 ? null : markup`<p><b>Objects</b> ${objects.map(objectWords).join(', ')}</p>`}
${fix === '' ? null : markup`<p><b>Fix</b> ${fix}</p>`}
`;
}

function grouped(groups: ReadonlyMap<string, Routes>): readonly Markup[] {
  return [...groups].map(([words, cells]) => markup`<li><p>${words}</p>${routes(cells)}</li>`);
}

function routes(cells: Routes): Markup {
  const groups = routeGroups(cells);
  const rest = groups.length - SHOWN;
  const items = groups.slice(0, SHOWN).map((words) => markup`<li>${words}</li>`);
  return markup`<ul>${items}${rest > 0 ? markup`<li>and ${rest} more</li>` : null}</ul>`;
}

function watched(report: NonNullable<VerificationReport['watch']>): Markup {
  const rows = report.routes.slice(0, SHOWN).map(
    ({ identity, outageMs, openingMs, flips }) =>
      markup`<tr><th scope="row">${identity}</th><td>${durationWords(outageMs)}</td><td>${durationWords(openingMs)}</td><td>${flips}</td></tr>
`,
  );
  const heads = ['Route', 'Down', 'Open', 'Flips'].map((head) => markup`<th scope="col">${head}</th>`);
  const table = markup`<div class="scroll" role="region" aria-label="Routes that flipped" tabindex="0"><table class="ports">
<caption>Routes that flipped</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
  const rest = report.routes.length - rows.length;
  return markup`<section><h2>Watched</h2><p>${counted(report.sweeps, 'sweep', 'sweeps')}, ${watchWords(report)}.</p>
${rows.length === 0 ? null : table}${rest > 0 ? markup`<p>and ${rest} more</p>` : null}</section>
`;
}
