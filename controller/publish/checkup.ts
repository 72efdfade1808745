/** What `doctor` found: a mark a line with what to do about it, or JSON. */
import { API_VERSION } from './json.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { alignColumns } from './text-layout.ts';

export interface Checked {
  readonly check: string;
  readonly state: 'ok' | 'fails' | 'unsure';
  readonly says: string;
  readonly fix?: string;
}

const MARKS: Readonly<Record<Checked['state'], readonly [glyph: string, tone: Tone]>> = {
  ok: ['✓', 'good'],
  fails: ['✗', 'bad'],
  unsure: ['!', 'warn'],
};

/** With a newline at its end. */
export function publishCheckup(all: readonly Checked[], format: 'table' | 'json', page: Page): string {
  return format === 'json' ? json(all) : table(all, page);
}

function json(all: readonly Checked[]): string {
  const checks = all.map(({ check, state, says, fix }) => ({ check, state, says, ...(fix !== undefined && { fix }) }));
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'Checkup', checks }, null, 2)}\n`;
}

function table(all: readonly Checked[], page: Page): string {
  const rows = all.flatMap(({ check, state, says, fix }) => {
    const [glyph, tone] = MARKS[state];
    const lines = fix === undefined || state === 'ok' ? [] : fixLines(fix);
    return [[paint(page, tone, glyph), check, says], ...lines.map((line) => ['', '', line])];
  });
  const failed = all.filter(({ state }) => state === 'fails').length;
  const unsure = all.filter(({ state }) => state === 'unsure').length;
  const end =
    failed === 0
      ? `Sweeps can run here${unsure === 0 ? '' : `, as far as could be seen (${String(unsure)} not sure)`}.`
      : `${String(failed)} of ${String(all.length)} checks failed.`;
  return `${alignColumns(rows, page.columns).join('\n')}\n\n${end}\n`;
}

/** Lines of YAML stand alone, to be copied. */
function fixLines(fix: string): readonly string[] {
  const lines = fix.split('\n');
  return fix.startsWith('- ') ? ['fix: add to its rules', ...lines] : [`fix: ${fix}`];
}
