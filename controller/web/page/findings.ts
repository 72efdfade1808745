/** Findings as a numbered list, one a cause: what is seen, why, the objects, the fix, and the cells. */
import { CAUSES } from '../../judge/causes.ts';
import { counted } from '../../judge/sentences.ts';
import { cellGroups, findingSentence } from '../../publish/finding-words.ts';
import type { Finding } from '../../publish/finding-list.ts';
import { objectWords } from '../../publish/object-words.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import { patternCells } from './grid.ts';
import { patternSentence } from './pattern-words.ts';
import { findPatterns } from './patterns.ts';
import type { View } from './view.ts';

const UNFOLDED = 6;
const FINDINGS = 60;
/** Cells that are named in the line that unfolds their links. */
const NAMED = 8;
const LINKS = 20;

export function driftPart(view: View): Markup {
  const drift = view.findings.filter((finding) => !finding.isConflict && finding.label !== 'unknown');
  const patterns = findPatterns(patternCells(view.grid)).map((pattern) => markup`<li>${patternSentence(pattern)}</li>`);
  const none = markup`<p class="none">${noneWords(view)}</p>`;
  return markup`${patterns.length === 0 ? null : markup`<ul class="patterns">${patterns}</ul>`}${drift.length === 0 ? none : findingList(drift, view)}`;
}

export function unknownPart(view: View): Markup {
  const unknown = view.findings.filter(({ label }) => label === 'unknown');
  const cells = unknown.reduce((sum, finding) => sum + finding.cells.length, 0);
  if (unknown.length === 0) return markup``;
  return markup`<details id="not-known"><summary>${counted(cells, 'cell')} not known, and why</summary>${findingList(unknown, view)}</details>`;
}

export function conflictPart(view: View): Markup {
  const conflicts = view.findings.filter((finding) => finding.isConflict);
  if (conflicts.length > 0) return findingList(conflicts, view);
  return markup`<p class="none">None: no object contradicts another one or its own purpose.</p>`;
}

function noneWords({ shown }: View): string {
  const { counts } = shown.verdict;
  const judged = counts.planned - counts.unknown;
  if (counts.planned === 0) return 'Nothing is planned, so nothing is known.';
  if (judged === 0) return 'Nothing is known at the moment.';
  return `None: all ${counted(judged, 'cell')} that are known are as declared.`;
}

/** The worst in full, the others folded: what comes after the list must not be far away. */
function findingList(findings: readonly Finding[], view: View): Markup {
  const first = markup`<ol class="findings">${findings.slice(0, UNFOLDED).map((finding) => findingItem(finding, view))}</ol>`;
  const others = findings.slice(UNFOLDED, FINDINGS);
  if (others.length === 0) return first;
  const left = findings.length - UNFOLDED - others.length;
  const more = left > 0 ? markup`<p>and ${left} more: see ${view.wholeMatrix}</p>` : null;
  const id = `more-${String(others[0]?.number ?? 0)}`;
  return markup`${first}<details class="more" id="${id}"><summary>${counted(findings.length - UNFOLDED, 'more finding')}</summary><ol class="findings">${others.map((finding) => findingItem(finding, view))}</ol>${more}</details>`;
}

function findingItem(finding: Finding, view: View): Markup {
  const { number, label, cause, isConfirmed, cells } = finding;
  const name = cause === null ? null : markup` <span class="code">${CAUSES[cause.code].name} ${cause.code}</span>`;
  const doubt = isConfirmed ? null : markup` <span class="quiet">not confirmed on the wire</span>`;
  return markup`<li id="f${number}" value="${number}"><p><span class="tag ${label}">${label}</span>${name}${doubt}</p>
<p>${findingSentence(finding)}</p>
${cause === null || cause.objects.length === 0 ? null : markup`<p><b>Objects</b> ${cause.objects.map(objectWords).join(', ')}</p>`}
${cause === null || cause.fix === '' ? null : markup`<p><b>Fix</b> ${cause.fix}</p>`}
${cells.length === 0 ? null : cellList(finding, view)}</li>`;
}

function cellList({ number, cells }: Finding, view: View): Markup {
  const groups = cellGroups(cells.slice(0, NAMED), view.cells).join('; ');
  const unnamed = cells.length - NAMED;
  const names = unnamed > 0 ? `${groups} and ${String(unnamed)} more` : groups;
  const links = cells.slice(0, LINKS).map((key) => {
    const evidence = view.evidenceOf(key);
    return markup`<li>${evidence === null ? key : markup`<a href="${evidence}">${key}</a>`}</li>`;
  });
  const more = cells.length - links.length;
  return markup`<details id="f${number}-cells"><summary>${counted(cells.length, 'cell')}: ${names}</summary><ul>${links}${more > 0 ? markup`<li>and ${more} more</li>` : null}</ul></details>`;
}
