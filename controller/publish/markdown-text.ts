/** Text that goes into Markdown and stays what it is. */

/** Object names are harmless, but messages quote what a server sent. */
export function escape(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]#|~@]/gu, (mark) => (mark === '@' ? '&#64;' : `\\${mark}`));
}

export function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replace(/\s+/gu, ' ')}\``;
}
