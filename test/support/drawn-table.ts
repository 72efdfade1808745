/** Tables drawn as text: a header line, then one line a case, cells between bars. */

export interface DrawnTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
}

export function readTable(text: string): DrawnTable {
  const [header = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return {
    columns: header.slice(1),
    rows: rows.map(([name = '', ...cells]) => ({ name, cells })),
  };
}

/** The same drawing with aligned bars, one text a line. */
export function drawTable(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(' | ')
      .trimEnd(),
  );
}
