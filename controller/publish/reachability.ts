/** The reachability table: a row a vantage, a column a target, the columns' names above them as a staircase. */
import { targetKey } from '../../proto/vocabulary.ts';
import { callerName } from '../judge/sentences.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import type { FindingList } from './finding-list.ts';
import { cellMark } from './glyphs.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { compareSources, compareTargets } from './target-order.ts';
import { padTo, shorten, widthOf } from './text-layout.ts';

/** A staircase of more steps is hard to follow with the eye, however wide the page. */
const MAX_STEPS = 24;
const MIN_NAME = 20;

interface Row {
  readonly label: string;
  readonly plane: string;
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
}

/** Lines of the table, without its title; none where the sweep has no such cell. */
export function reachabilityTable(sweep: Sweep, list: FindingList, page: Page): string[] {
  const cells = sweep.cells.filter((cell) => cell.table === 'reachability');
  if (cells.length === 0) return [];
  const rows = rowsOf(cells);
  const targets = [...new Map(cells.map((cell) => [targetKey(cell.target), cell.target])).values()]
    .sort(compareTargets)
    .map(targetKey);
  const marks = (row: Row, target: string): string =>
    (row.cells.get(target) ?? []).map((cell) => cellMark(page, cell, list.numberOf.get(cell.key))).join('');
  const widest = (row: Row): number => targets.reduce((most, target) => Math.max(most, widthOf(marks(row, target))), 0);
  const pitch = 1 + rows.reduce((most, row) => Math.max(most, widest(row)), 2);
  const labelWidth = Math.max(...rows.map((row) => row.label.length));
  const planeWidth = Math.max(...rows.map((row) => row.plane.length));
  const lead = labelWidth + planeWidth + 6;
  const steps = Math.max(1, Math.min(MAX_STEPS, Math.floor((page.columns - lead - MIN_NAME) / pitch)));
  const lines: string[] = [];
  for (const band of bandsOf(targets, steps)) {
    if (lines.length > 0) lines.push('');
    lines.push(...staircase(band, pitch, lead, page));
    for (const row of rows) {
      const start = `  ${padTo(row.label, labelWidth)}  ${paint(page, 'quiet', row.plane)}`;
      const text = band.map((target) => padTo(marks(row, target) || paint(page, 'quiet', '·'), pitch)).join('');
      lines.push(`${padTo(start, lead)}${text}`.trimEnd());
    }
  }
  return lines;
}

function rowsOf(cells: readonly Cell[]): Row[] {
  const rows = new Map<string, { label: string; plane: string; cells: Map<string, Cell[]> }>();
  for (const cell of [...cells].sort(compareSources)) {
    const key = `${cell.source} ${cell.vantage.dataPlane}`;
    const row = rows.get(key) ?? {
      label: callerName(cell),
      plane: cell.vantage.dataPlane,
      cells: new Map<string, Cell[]>(),
    };
    rows.set(key, row);
    const target = targetKey(cell.target);
    row.cells.set(target, [...(row.cells.get(target) ?? []), cell]);
  }
  return [...rows.values()];
}

/** Columns that fit beside each other, in bands of about equal width. */
function bandsOf(targets: readonly string[], steps: number): string[][] {
  const bands = Math.ceil(targets.length / steps);
  const size = Math.ceil(targets.length / bands);
  return Array.from({ length: bands }, (_, at) => targets.slice(at * size, (at + 1) * size));
}

function staircase(targets: readonly string[], pitch: number, lead: number, page: Page): string[] {
  return targets.map((target, at) => {
    const bars = `│${' '.repeat(pitch - 1)}`.repeat(at);
    const room = page.columns - lead - at * pitch - 2;
    return `${' '.repeat(lead)}${paint(page, 'quiet', `${bars}┌`)} ${shorten(target, Math.max(room, 8))}`;
  });
}
