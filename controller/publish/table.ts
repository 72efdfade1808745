/** The terminal's form of a sweep: three tables, the findings worst first, what is refused as declared, the verdict. */
import type { Sweep, VerdictValue } from '../judge/finding.ts';
import { denialSentence, denialsOf } from './denials.ts';
import { listFindings } from './finding-list.ts';
import { findingParagraph } from './finding-words.ts';
import { legendOf } from './glyphs.ts';
import { healthTable } from './health.ts';
import { optedOutSentence } from './opted-out.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { reachabilityTable } from './reachability.ts';
import { flow, paragraph } from './text-layout.ts';
import { transportTable } from './transport.ts';
import { countWords, verdictLine } from './verdict-words.ts';

const VERDICT_TONES: Readonly<Record<VerdictValue, Tone>> = { pass: 'good', fail: 'alarm', inconclusive: 'warn' };

export function publishTable(sweep: Sweep, page: Page): string {
  const list = listFindings(sweep);
  const byKey = new Map(sweep.cells.map((cell) => [cell.key, cell]));
  const sections: string[][] = [
    titled(page, 'Reachability', 'who gets an answer from what', reachabilityTable(sweep, list, page)),
    titled(page, 'Transport', 'what a pod port lets in', transportTable(sweep, list, page)),
    titled(page, 'Health', 'what the kubelet gets to see', healthTable(sweep, list, page)),
    flow(legendOf(sweep.cells, list.findings.length > 0), '   ', page.columns - 2).map((line) =>
      paint(page, 'quiet', `  ${line}`),
    ),
    findingSection(
      page,
      countWords(sweep.verdict),
      spread(list.findings.map((one) => findingParagraph(one, byKey, page))),
    ),
    paragraph('', denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']), page.columns),
    sweep.optedOut.length === 0 ? [] : paragraph('', optedOutSentence(sweep), page.columns),
    paragraph('', verdictLine(sweep.verdict), page.columns).map((line) =>
      paint(page, VERDICT_TONES[sweep.verdict.value], line),
    ),
  ];
  return `${spread(sections.filter((section) => section.length > 0)).join('\n')}\n`;
}

/** Said even where there is nothing to say: an empty section could be taken for a forgotten one. */
function findingSection(page: Page, counts: string, paragraphs: readonly string[]): string[] {
  return [`${paint(page, 'strong', 'Findings')}: ${counts}`, ...paragraphs];
}

function titled(page: Page, title: string, what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`${paint(page, 'strong', title)}: ${what}`, ...lines];
}

/** Blocks of lines with an empty line between them. */
function spread(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}
