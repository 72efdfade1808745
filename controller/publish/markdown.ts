/** The sweep for pull requests and step summaries: verdict, findings, and the tables folded away. */
import type { Cell, Sweep } from '../judge/finding.ts';
import { denialSentence, denialsOf } from './denials.ts';
import type { Finding } from './finding-list.ts';
import { listFindings } from './finding-list.ts';
import { cellGroups, findingSentence, findingTitle } from './finding-words.ts';
import { legendOf } from './glyphs.ts';
import { harmless } from './harmless.ts';
import { healthTable } from './health.ts';
import { code, escape } from './markdown-text.ts';
import { objectWords } from './object-words.ts';
import { optedOutSentence } from './opted-out.ts';
import type { Page } from './page.ts';
import { reachabilityTable } from './reachability.ts';
import { flow } from './text-layout.ts';
import { transportTable } from './transport.ts';
import { countWords, verdictLine } from './verdict-words.ts';

/** GitHub refuses a comment of more than 65 536 characters. */
const MAX_LENGTH = 60_000;
const GROUPS_SHOWN = 10;
const PAGE: Page = { columns: 120, hasColour: false };

export function publishMarkdown(sweep: Sweep): string {
  const list = listFindings(sweep);
  const byKey = new Map(sweep.cells.map((cell) => [cell.key, cell]));
  const head = [
    `## Meshproof: ${escape(verdictLine(sweep.verdict))}`,
    '',
    `${escape(denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']))}  `,
    ...(sweep.optedOut.length === 0 ? [] : [`${escape(optedOutSentence(sweep))}  `]),
    `Findings: ${countWords(sweep.verdict)}. Sweep \`${sweep.id}\`, finished ${sweep.finishedAt}.`,
    '',
  ].join('\n');
  const tables = [
    folded('Reachability', [
      ...reachabilityTable(sweep, list, PAGE),
      '',
      ...flow(legendOf(sweep.cells, list.findings.length > 0), '   ', PAGE.columns),
    ]),
    folded('Transport', transportTable(sweep, list, PAGE)),
    folded('Health', healthTable(sweep, list, PAGE)),
  ].filter((text) => text !== '');
  return assemble(
    head,
    list.findings.map((finding) => findingItem(finding, byKey)),
    tables,
  );
}

/** Findings go before tables when there is no room for all; what was left out is said. */
function assemble(head: string, findings: readonly string[], tables: readonly string[]): string {
  let text = head;
  let omitted = 0;
  for (const part of [...findings, ...tables]) {
    if (text.length + part.length + 1 > MAX_LENGTH) omitted += 1;
    else text += `\n${part}`;
  }
  return omitted === 0
    ? text
    : `${text}\n${String(omitted)} more parts left out for want of room; see the JSON output.\n`;
}

function findingItem(finding: Finding, byKey: ReadonlyMap<string, Cell>): string {
  const lines = [
    `### ${String(finding.number)}. ${escape(findingTitle(finding))}`,
    '',
    escape(findingSentence(finding)),
    '',
  ];
  const { cause, cells } = finding;
  if (cause !== null) {
    if (cause.objects.length > 0)
      lines.push(`- objects: ${cause.objects.map((one) => code(objectWords(one))).join(', ')}`);
    if (cause.fix !== '') lines.push(`- fix: ${escape(cause.fix)}`);
  }
  if (cells.length > 0) {
    const groups = cellGroups(cells, byKey);
    const shown = groups.slice(0, GROUPS_SHOWN).map(code).join('<br>');
    const more = groups.length > GROUPS_SHOWN ? `<br>and ${String(groups.length - GROUPS_SHOWN)} more` : '';
    lines.push(`- cells: ${shown}${more}`);
  }
  return `${lines.join('\n')}\n`;
}

function folded(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const body = harmless(lines.join('\n'), false);
  return `<details><summary>${title}</summary>\n\n\`\`\`text\n${body.replaceAll('```', "'''")}\n\`\`\`\n\n</details>\n`;
}
