/** A preview for the terminal: the answer first, then what breaks, opens and changes, and what stays open. */
import type { FlipKind } from '../gate/flip.ts';
import { FLIP_KINDS } from '../gate/flip.ts';
import { answerMeasured } from '../gate/measured-answer.ts';
import type { FlipGroup, Preview, PreviewAnswer } from '../gate/preview.ts';
import { counted } from '../judge/sentences.ts';
import { cellLines, conflictParagraph } from './conflict-list.ts';
import { objectWords } from './object-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { measuredLines } from './preview-measured.ts';
import { exceptionManifestLines, readinessLines } from './preview-readiness.ts';
import type { PreviewReport } from './preview-words.ts';
import { FLIP_TITLES, doorRows, exceptionRows, groupCells, groupTitle, headline, restWords } from './preview-words.ts';
import { alignColumns, paragraph } from './text-layout.ts';

const ANSWER_TONES: Readonly<Record<PreviewAnswer, Tone>> = { safe: 'good', flips: 'alarm', unsure: 'warn' };
const KIND_TONES: Readonly<Record<FlipKind, Tone>> = {
  breaks: 'bad',
  opens: 'alarm',
  downgrades: 'bad',
  unsure: 'warn',
  mends: 'good',
  secures: 'good',
};
const SIGNS = { added: '+', replaced: '~', deleted: '-' } as const;

export function previewTable({ preview, subject, measured }: PreviewReport, page: Page): string {
  let number = 0;
  const sections: string[][] = [
    paragraph('', headline({ preview, subject, ...(measured !== undefined && { measured }) }), page.columns).map(
      (line) =>
        paint(page, ANSWER_TONES[measured === undefined ? preview.answer : answerMeasured(preview, measured)], line),
    ),
    preview.changes.map(({ change, object }) => `  ${SIGNS[change]} ${objectWords(object)} (${change})`),
    ...(measured === undefined ? [] : measuredLines(measured, page)),
    ...(subject.kind === 'strict' ? readinessLines(subject.readiness, page) : []),
    ...FLIP_KINDS.map((kind) => {
      const groups = preview.groups.filter((group) => group.kind === kind);
      const blocks = groups.map((group) => groupLines(group, (number += 1), page));
      return blocks.length === 0 ? [] : [paint(page, 'strong', FLIP_TITLES[kind]), ...spread(blocks)];
    }),
    tableSection(page, 'Ports: what they take', ['BEFORE', 'AFTER', 'SAYS WHO', 'PORTS'], doorRows(preview.doors)),
    subject.kind === 'strict'
      ? tableSection(
          page,
          `Stays open: ${counted(subject.exceptions.length, 'port takes', 'ports take')} plaintext all the same`,
          ['MODE', 'BECAUSE OF', 'PORTS'],
          exceptionRows(subject.exceptions),
        )
      : [],
    conflictLines(preview, page),
    paragraph('', restWords(preview), page.columns),
    subject.kind === 'strict' ? exceptionManifestLines(subject.readiness, page) : [],
  ];
  return `${spread(sections.filter((lines) => lines.length > 0)).join('\n')}\n`;
}

function groupLines(group: FlipGroup, number: number, page: Page): string[] {
  const { cause, kind } = group;
  const lines = [
    paint(page, KIND_TONES[kind], `${String(number).padStart(3)}  ${groupTitle(group)}`),
    ...paragraph('     ', cause.message, page.columns),
  ];
  if (cause.objects.length > 0)
    lines.push(...paragraph('     objects  ', cause.objects.map(objectWords).join(', '), page.columns));
  if (cause.fix !== '') lines.push(...paragraph('     fix      ', cause.fix, page.columns));
  return [...lines, ...cellLines(groupCells(group), page)];
}

function tableSection(
  page: Page,
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  if (rows.length === 0) return [];
  return [paint(page, 'strong', title), ...alignColumns([head, ...rows], page.columns - 2).map((line) => `  ${line}`)];
}

function conflictLines({ conflicts: { appearing, resolved } }: Preview, page: Page): string[] {
  const brought = appearing.map((conflict, at) => conflictParagraph(conflict, at + 1, page));
  const settled = resolved.flatMap(({ cause }) => paragraph('  - ', cause.message, page.columns));
  return [
    ...(brought.length === 0
      ? []
      : [paint(page, 'strong', 'Conflicts that it brings'), ...spread(brought), ...(settled.length > 0 ? [''] : [])]),
    ...(settled.length === 0 ? [] : [paint(page, 'strong', 'Conflicts that it ends'), ...settled]),
  ];
}

/** Blocks of lines with an empty line between them. */
function spread(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}
