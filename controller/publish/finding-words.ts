/** A finding as a paragraph: what it is, a plain sentence, the objects, the fix, and the cells that it explains. */
import { probeKey, targetKey } from '../../proto/vocabulary.ts';
import { callerName } from '../judge/sentences.ts';
import { CAUSES } from '../judge/causes.ts';
import type { Cell } from '../judge/finding.ts';
import type { Finding } from './finding-list.ts';
import { isFailure } from './finding-list.ts';
import { objectWords } from './object-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { paragraph } from './text-layout.ts';

const GROUPS_SHOWN = 3;

/** `EXPOSED strict-not-in-effect MP1005`, `ERROR conflict mixed-endpoints MP1009 (not confirmed on the wire)`. */
export function findingTitle(finding: Finding): string {
  const parts = [finding.label.toUpperCase()];
  if (finding.isConflict) parts.push('conflict');
  if (finding.cause !== null) parts.push(CAUSES[finding.cause.code].name, finding.cause.code);
  if (!finding.isConfirmed) parts.push('(not confirmed on the wire)');
  return parts.join(' ');
}

export function findingSentence(finding: Finding): string {
  if (finding.cause !== null) return finding.cause.message;
  return `${finding.reason}.`;
}

export function findingParagraph(finding: Finding, byKey: ReadonlyMap<string, Cell>, page: Page): string[] {
  const title = `${String(finding.number).padStart(3)}  ${findingTitle(finding)}`;
  const lines = [paint(page, toneOf(finding), title), ...paragraph('     ', findingSentence(finding), page.columns)];
  const { cause, cells } = finding;
  if (cause !== null) {
    if (cause.objects.length > 0) {
      lines.push(...paragraph('     objects  ', cause.objects.map(objectWords).join(', '), page.columns));
    }
    if (cause.fix !== '') lines.push(...paragraph('     fix      ', cause.fix, page.columns));
  }
  const groups = cellGroups(cells, byKey);
  groups.slice(0, GROUPS_SHOWN).forEach((group, at) => {
    lines.push(
      ...paragraph(
        at === 0 ? `     ${cells.length === 1 ? 'cell ' : 'cells'}    ` : ' '.repeat(14),
        group,
        page.columns,
      ),
    );
  });
  if (groups.length > GROUPS_SHOWN) lines.push(`${' '.repeat(14)}and ${String(groups.length - GROUPS_SHOWN)} more`);
  return lines;
}

/** `shop/web, shop/cart (sidecar) → shop/pay:8080 http GET /`: callers of the same target with the same probe share a line. */
export function cellGroups(keys: readonly string[], byKey: ReadonlyMap<string, Cell>): string[] {
  const groups = new Map<string, Map<string, string[]>>();
  for (const key of keys) {
    const cell = byKey.get(key);
    const to = cell === undefined ? key : `${targetKey(cell.target)} ${probeKey(cell.probe).replaceAll(' ', '\u00A0')}`;
    const callers = groups.get(to) ?? new Map<string, string[]>();
    groups.set(to, callers);
    if (cell === undefined) continue;
    const { dataPlane } = cell.vantage;
    callers.set(dataPlane, [...(callers.get(dataPlane) ?? []), callerName(cell)]);
  }
  return [...groups].map(([to, callers]) => {
    const from = [...callers].map(([plane, sources]) => `${sources.join(', ')} (${plane})`).join(', ');
    return from === '' ? to : `${from} → ${to}`;
  });
}

function toneOf(finding: Finding): Tone {
  if (finding.label === 'exposed' || finding.label === 'critical') return 'alarm';
  return isFailure(finding) ? 'bad' : 'warn';
}
