/** Declared cells as a table that can be pasted into a ticket: who may call what, over which transport, and who says so. */
import type { ExpectationItem } from './expectation-item.ts';
import { deciderWords } from './object-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { alignColumns, paragraph } from './text-layout.ts';

const ANSWERS: Readonly<Record<ExpectationItem['expect'], readonly [words: string, tone: Tone]>> = {
  allow: ['● allow', 'good'],
  deny: ['✗ deny', 'bad'],
  mixed: ['± mixed', 'warn'],
  unknown: ['? unknown', 'warn'],
};

export function expectationTable(items: readonly ExpectationItem[], page: Page): string {
  if (items.length === 0) return 'No flows: the manifests hold no source workload and service port to pair.\n';
  const head = ['SOURCE', 'TARGET', 'PROBE', 'EXPECT', 'OVER', 'BECAUSE OF'];
  const rows = items.map((item) => {
    const [words, tone] = ANSWERS[item.expect];
    return [
      item.source,
      `${item.target}:${String(item.port)}`,
      item.probe,
      paint(page, tone, words),
      item.transport,
      whyOf(item),
    ];
  });
  const blocks = [alignColumns([head, ...rows], page.columns), [summaryOf(items)], warningsOf(items, page)];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function whyOf(item: ExpectationItem): string {
  const words = deciderWords(item.decidedBy);
  if (item.endpoints !== undefined) {
    const denied = item.endpoints.filter((endpoint) => endpoint.expect !== 'allow').map((endpoint) => endpoint.pod);
    const refused = denied.length === 0 ? '' : `; not ${denied.join(', ')}`;
    return `endpoints differ${refused}${words === null ? '' : `: ${words}`}`;
  }
  if (item.expect === 'allow') return words ?? 'default';
  return words === null ? item.outcome : `${item.outcome}: ${words}`;
}

/** `12 flows: 8 allowed (6 over mutual TLS, 2 in plaintext), 4 denied`. */
function summaryOf(items: readonly ExpectationItem[]): string {
  const count = (matches: (item: ExpectationItem) => boolean): number => items.filter(matches).length;
  const answers = (['allow', 'deny', 'mixed', 'unknown'] as const)
    .map((answer) => [answer, count((item) => item.expect === answer)] as const)
    .filter(([, number]) => number > 0)
    .map(([answer, number]) => `${String(number)} ${answer}`);
  const plaintext = count((item) => item.expect === 'allow' && item.transport === 'plaintext');
  const open = plaintext === 0 ? '' : `; ${String(plaintext)} of the allowed in plaintext`;
  return `${String(items.length)} ${items.length === 1 ? 'flow' : 'flows'}: ${answers.join(', ')}${open}.`;
}

function warningsOf(items: readonly ExpectationItem[], page: Page): string[] {
  return [...new Set(items.flatMap((item) => item.warnings))].flatMap((text) =>
    paragraph('! ', text, page.columns).map((line) => paint(page, 'warn', line)),
  );
}
