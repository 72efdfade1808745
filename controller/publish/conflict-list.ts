/** Conflicts of the declared objects as paragraphs: what is wrong, the objects, the fix, and the calls that it explains. */
import { CAUSES } from '../judge/causes.ts';
import type { Conflict, Severity } from '../judge/finding.ts';
import { objectWords } from './object-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { paragraph } from './text-layout.ts';

const TONES: Readonly<Record<Severity, Tone>> = { critical: 'alarm', error: 'bad', warning: 'warn' };
const GROUPS_SHOWN = 3;
const CALLERS_SHOWN = 12;

/** With its title and a newline at its end; said even where there is none. */
export function conflictSection(conflicts: readonly Conflict[], page: Page): string {
  const title = paint(page, 'strong', 'Conflicts');
  if (conflicts.length === 0) return `${title}: none; no object contradicts another one or its own purpose.\n`;
  const counts = (['critical', 'error', 'warning'] as const)
    .map((severity) => [conflicts.filter((conflict) => conflict.severity === severity).length, severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${String(count)} ${severity}`);
  const paragraphs = conflicts.map((conflict, at) => conflictParagraph(conflict, at + 1, page).join('\n'));
  return `${title}: ${counts.join(', ')}\n${paragraphs.join('\n\n')}\n`;
}

export function conflictParagraph({ severity, cause, cells }: Conflict, number: number, page: Page): string[] {
  const title = `${String(number).padStart(3)}  ${severity.toUpperCase()} ${CAUSES[cause.code].name} ${cause.code}`;
  const lines = [paint(page, TONES[severity], title), ...paragraph('     ', cause.message, page.columns)];
  if (cause.objects.length > 0)
    lines.push(...paragraph('     objects  ', cause.objects.map(objectWords).join(', '), page.columns));
  if (cause.fix !== '') lines.push(...paragraph('     fix      ', cause.fix, page.columns));
  return [...lines, ...cellLines(cells, page)];
}

/** Callers of one target share a line: keys are `source → target probe`. */
export function cellLines(keys: readonly string[], page: Page): string[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const [source = '', target = key] = key.split(' → ', 2);
    groups.set(target, [...(groups.get(target) ?? []), source]);
  }
  const shown = [...groups].slice(0, GROUPS_SHOWN).flatMap(([target, sources], at) => {
    const lead = at === 0 ? `     ${keys.length === 1 ? 'cell ' : 'cells'}    ` : ' '.repeat(14);
    return paragraph(lead, `${callerWords(sources)} → ${target.replaceAll(' ', '\u00A0')}`, page.columns);
  });
  return groups.size > GROUPS_SHOWN
    ? [...shown, `${' '.repeat(14)}and ${moreTargets(groups.size - GROUPS_SHOWN)}`]
    : shown;
}

function moreTargets(count: number): string {
  return count === 1 ? '1 more target' : `${String(count)} more targets`;
}

function callerWords(sources: readonly string[]): string {
  const more = sources.length - CALLERS_SHOWN;
  const shown = sources.slice(0, CALLERS_SHOWN).join(', ');
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}
