/** Plain text in columns and paragraphs: widths are counted without colour codes. */
import { stripVTControlCharacters } from 'node:util';
import { harmlessLine } from './harmless.ts';

/** Characters that the text takes on a page. Kubernetes names are ASCII and our glyphs are one column wide. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Cuts plain text that is longer than `width`, with an ellipsis at its end. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${Array.from(text)
    .slice(0, Math.max(0, width - 1))
    .join('')}…`;
}

/**
 * Breaks plain text at spaces into lines of at most `width`; a longer word gets a line of its own. No-break spaces hold
 * words together, and come out as plain ones.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of harmlessLine(text.replaceAll(/\r?\n/gu, ' '))
    .split(/[ \t]+/u)
    .filter((part) => part !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map((text) => text.replaceAll('\u00A0', ' '));
}

/** Entries beside each other with `gap` between them, broken into lines between entries only. */
export function flow(entries: readonly string[], gap: string, columns: number): string[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const last = lines.at(-1);
    if (last === undefined || widthOf(last) + widthOf(gap) + widthOf(entry) > columns) lines.push(entry);
    else lines[lines.length - 1] = `${last}${gap}${entry}`;
  }
  return lines;
}

/** A paragraph whose first line starts with `lead` and whose other lines are indented as far. */
export function paragraph(lead: string, text: string, columns: number): string[] {
  const indent = widthOf(lead);
  const [first = '', ...rest] = wrap(text, Math.max(20, columns - indent));
  return [`${lead}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)];
}

/**
 * Rows in columns, two spaces apart. Where the page is too narrow the last column is broken into several lines, so that
 * nothing is lost; the other columns are never cut. A cell stays in its place, whatever it says.
 */
export function alignColumns(cells: readonly (readonly string[])[], columns: number): string[] {
  const rows = cells.map((row) => row.map(harmlessLine));
  // Not by spreading into Math.max: a table may have more rows than a call may have arguments.
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const widths = Array.from({ length: count }, (_, at) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[at] ?? '')), 0),
  );
  const room = columns - widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  return rows.flatMap((row) => {
    const lead = widths.slice(0, -1).map((width, at) => padTo(row[at] ?? '', width));
    const last = row[count - 1] ?? '';
    const start = lead.map((cell) => `${cell}  `).join('');
    if (widthOf(last) <= Math.max(room, 16)) return [`${start}${last}`.trimEnd()];
    return paragraph(start, last, Math.max(columns, widthOf(start) + 16));
  });
}
