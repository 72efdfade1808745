/** The reader's page: how wide it is, and whether it shows colours. */
import { inspect, styleText } from 'node:util';

export interface Page {
  /** Characters a line. */
  readonly columns: number;
  readonly hasColour: boolean;
}

/** What a colour is to say. A tone never stands alone: a glyph, a number or a word says the same. */
export type Tone = 'good' | 'bad' | 'alarm' | 'warn' | 'quiet' | 'strong' | 'plain';

const STYLES = {
  good: ['green'],
  bad: ['red'],
  alarm: ['red', 'bold'],
  warn: ['yellow'],
  quiet: ['gray'],
  strong: ['bold'],
  plain: [],
} as const satisfies Record<Tone, readonly string[]>;

/** Every sequence that `paint` writes. */
export const INK: readonly string[] = [
  ...new Set(
    Object.values(STYLES)
      .flat()
      .flatMap((style) => inspect.colors[style] ?? [])
      .map((code) => `\u001b[${String(code)}m`),
  ),
];

/** The text in the tone's colour, or as it is on a page without colours. */
export function paint(page: Page, tone: Tone, text: string): string {
  const style = STYLES[tone];
  if (!page.hasColour || style.length === 0 || text === '') return text;
  return styleText([...style], text, { validateStream: false });
}
