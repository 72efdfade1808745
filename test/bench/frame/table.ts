/** The one table that a run prints, and the JSON of the same. */
import { isMet, ratioOf } from './bench.ts';
import type { Bar, Figure, Row } from './bench.ts';

/** Rows of one bench, with the machine's load when it began. */
export interface Finished {
  readonly bench: string;
  readonly growth: string;
  readonly load: number;
  readonly rows: readonly Row[];
}

const HEADS = ['bench', 'what', 'ours', 'beside', 'ratio', 'bar', 'result', 'load', 'note'] as const;

export function tableOf(finished: readonly Finished[]): string {
  const lines = finished.flatMap(({ bench, load, rows }) => rows.map((row) => lineOf(bench, load, row)));
  const widths = HEADS.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const draw = (line: readonly string[]): string =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[HEADS, ...lines].map(draw).join('\n')}\n`;
}

function lineOf(bench: string, load: number, row: Row): readonly string[] {
  const ratio = ratioOf(row);
  return [
    bench,
    row.what,
    wordsOf(row.ours),
    row.beside === undefined ? '' : `${row.beside.name} ${wordsOf(row.beside.figure)}`,
    ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
    row.bar === undefined ? '' : barOf(row.bar, row.ours?.unit ?? ''),
    resultOf(row),
    load.toFixed(1),
    row.note ?? '',
  ];
}

function wordsOf(figure: Figure | undefined): string {
  if (figure === undefined) return '–';
  const { value, unit } = figure;
  const digits = unit === '' || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`.trimEnd();
}

function barOf(bar: Bar, unit: string): string {
  return bar.kind === 'at-most' ? `≤ ${String(bar.most)} ${unit}`.trimEnd() : `≥ ${String(bar.least)}×`;
}

function resultOf(row: Row): string {
  switch (isMet(row)) {
    case true:
      return 'pass';
    case false:
      return 'MISS';
    case undefined:
      return row.bar === undefined ? '' : 'not measured';
  }
}

/** Figures in their units, with ratio and result worked out. */
export function jsonOf(finished: readonly Finished[], machine: Readonly<Record<string, string | number>>): string {
  const benches = finished.map((bench) => ({
    ...bench,
    rows: bench.rows.map((row) => ({ ...row, ratio: ratioOf(row) ?? null, isMet: isMet(row) ?? null })),
  }));
  return `${JSON.stringify({ machine, benches }, null, 2)}\n`;
}
