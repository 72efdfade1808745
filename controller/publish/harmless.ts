/** Text that a terminal shows and does not obey: what it may hold came from pods, from events, from files. */
import { INK } from './page.ts';

/**
 * C0 and C1 controls but for tab and newline (ECMA-48), and what turns the direction of the text around it (Unicode
 * UAX #9: embeddings, overrides, isolates), so that it reads as what it is not.
 */
const ACTIVE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/gu;

/** Our own colours, which can neither move nor hide anything, or one active character. */
const INK_OR_ACTIVE = new RegExp(
  `${[...INK].map((code) => code.replace('[', '\\[')).join('|')}|${ACTIVE.source}`,
  'gu',
);

/**
 * The text with every active character as its escape, `\u001b`: visible, and in a string of JSON the same as before.
 * Where the page has colours, those that `paint` gives stay.
 */
export function harmless(text: string, hasColour: boolean): string {
  return text.replace(hasColour ? INK_OR_ACTIVE : ACTIVE, (found) => (found.length > 1 ? found : escapeOf(found)));
}

/** What one cell or one sentence says: it cannot begin a line of its own either. */
export function harmlessLine(text: string): string {
  return harmless(text, true).replaceAll('\n', escapeOf('\n'));
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
