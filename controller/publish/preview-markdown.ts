/** A preview for pull requests: the headline, what flips as a list, and the ports as tables. */
import { FLIP_KINDS } from '../gate/flip.ts';
import type { FlipGroup } from '../gate/preview.ts';
import { code, escape } from './markdown-text.ts';
import { objectWords } from './object-words.ts';
import { foreseenItems } from './preview-measured.ts';
import { callRows, neededWords } from './preview-readiness.ts';
import { manifestText } from './preview-manifests.ts';
import type { PreviewReport } from './preview-words.ts';
import { FLIP_TITLES, doorRows, exceptionRows, groupCells, groupTitle, headline, restWords } from './preview-words.ts';

const CELLS_SHOWN = 10;

export function previewMarkdown(report: PreviewReport): string {
  const { preview, subject, measured } = report;
  const { changes, groups, doors, conflicts } = preview;
  const sections = [
    `## Meshproof preview: ${escape(headline(report))}`,
    changes.map(({ change, object }) => `- ${change} ${code(objectWords(object))}`).join('\n'),
    ...(measured === undefined
      ? []
      : foreseenItems(measured).map(([title, items]) => listOf(title, items.map(escape)))),
    ...(subject.kind === 'strict'
      ? [
          tableOf('Who calls in plaintext', ['port', 'caller', 'known'], callRows(subject.readiness)),
          listOf('Exceptions that STRICT needs', neededWords(subject.readiness).map(escape)),
          subject.readiness.manifests.length === 0 ? '' : `\`\`\`yaml\n${manifestText(subject.readiness)}\`\`\``,
        ]
      : []),
    ...FLIP_KINDS.flatMap((kind) => {
      const members = groups.filter((group) => group.kind === kind);
      return members.length === 0 ? [] : [`### ${FLIP_TITLES[kind]}`, ...members.map(groupItem)];
    }),
    tableOf('Ports: what they take', ['before', 'after', 'says who', 'ports'], doorRows(doors)),
    subject.kind === 'strict'
      ? tableOf('Stays open all the same', ['mode', 'because of', 'ports'], exceptionRows(subject.exceptions))
      : '',
    listOf(
      'Conflicts that it brings',
      conflicts.appearing.map(({ severity, cause }) => `**${severity}** ${cause.code} ${escape(cause.message)}`),
    ),
    listOf(
      'Conflicts that it ends',
      conflicts.resolved.map(({ cause }) => `${cause.code} ${escape(cause.message)}`),
    ),
    escape(restWords(preview)),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function groupItem(group: FlipGroup): string {
  const { cause } = group;
  const cells = groupCells(group);
  const more = cells.length > CELLS_SHOWN ? `<br>and ${String(cells.length - CELLS_SHOWN)} more` : '';
  const lines = [
    `**${escape(groupTitle(group))}**: ${escape(cause.message)}`,
    '',
    ...(cause.objects.length === 0 ? [] : [`- objects: ${cause.objects.map(objectWords).map(code).join(', ')}`]),
    ...(cause.fix === '' ? [] : [`- fix: ${escape(cause.fix)}`]),
    `- cells: ${cells.slice(0, CELLS_SHOWN).map(code).join('<br>')}${more}`,
  ];
  return lines.join('\n');
}

function tableOf(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(escape))];
  return `### ${title}\n\n${lines.map((row) => `| ${row.join(' | ')} |`).join('\n')}`;
}

function listOf(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `### ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}`;
}
