/** Text that goes into Markdown and stays what it is, also where a log or a terminal shows it as it stands. */
import { harmless } from './harmless.ts';

/** Object names are harmless, but messages quote what a server sent. */
export function escape(text: string): string {
  return harmless(text.replace(/\s+/gu, ' '), false)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]#|~@]/gu, (mark) => (mark === '@' ? '&#64;' : `\\${mark}`));
}

export function code(text: string): string {
  return `\`${harmless(text.replace(/\s+/gu, ' '), false).replaceAll('`', "'")}\``;
}
