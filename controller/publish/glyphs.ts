/** One character for what the wire said; the number behind it, if any, points at a finding. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Cell } from '../judge/finding.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';

const GLYPHS = {
  mtls: '●',
  plaintext: '○',
  answered: '◐',
  split: '±',
  refused: '✗',
  silent: '…',
  untested: '?',
} as const;

export function glyphOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reached':
      if (outcome.transport === 'mtls' || outcome.transport === 'hbone') return GLYPHS.mtls;
      return outcome.transport === 'plaintext' ? GLYPHS.plaintext : GLYPHS.answered;
    case 'refused':
      return GLYPHS.refused;
    case 'silent':
      return GLYPHS.silent;
    case 'untested':
      return GLYPHS.untested;
  }
}

export const LEGEND: readonly (readonly [glyph: string, meaning: string])[] = [
  [GLYPHS.mtls, 'answered over mutual TLS'],
  [GLYPHS.plaintext, 'answered in plaintext'],
  [GLYPHS.answered, 'answered, transport not proved'],
  [GLYPHS.split, 'answered on some attempts only'],
  [GLYPHS.refused, 'refused'],
  [GLYPHS.silent, 'no answer'],
  [GLYPHS.untested, 'not known'],
];

/** Explains the marks that these cells show, and no others; one entry a mark. */
export function legendOf(cells: readonly Cell[], hasFindings: boolean): string[] {
  const shown = new Set(cells.map(glyphOfCell));
  if (cells.some((cell) => cell.drift === 'unknown')) shown.add(GLYPHS.untested);
  return [
    ...LEGEND.filter(([glyph]) => shown.has(glyph)).map(([glyph, meaning]) => `${glyph} ${meaning}`),
    ...(hasFindings ? ['a number points at a finding'] : []),
  ];
}

/** Whether some attempts were answered and some not: endpoints that differ, or a target that comes and goes. */
function isSplit(cell: Cell): boolean {
  const kinds = cell.attempts.map(({ outcome }) => outcome.kind).filter((kind) => kind !== 'untested');
  return cell.isFlapping || (kinds.includes('reached') && kinds.some((kind) => kind !== 'reached'));
}

export function glyphOfCell(cell: Cell): string {
  return isSplit(cell) ? GLYPHS.split : glyphOf(cell.outcome);
}

/** `●`, `✗3`: the glyph, and the number of the worst finding. */
export function cellMark(page: Page, cell: Cell, finding: number | undefined): string {
  const glyph = cell.drift === 'unknown' ? GLYPHS.untested : glyphOfCell(cell);
  const text = `${glyph}${finding === undefined ? '' : String(finding)}`;
  return paint(page, toneOf(cell, finding), text);
}

function toneOf(cell: Cell, finding: number | undefined): Tone {
  switch (cell.drift) {
    case 'exposed':
      return 'alarm';
    case 'blocked':
    case 'downgraded':
      return 'bad';
    case 'misplaced':
    case 'unknown':
      return 'warn';
    case 'agrees':
      if (finding !== undefined) return 'bad';
      return cell.outcome.kind === 'reached' ? 'good' : 'quiet';
  }
}
