/** HTML out of text that nobody trusts: what is put into a template is escaped, unless it is markup itself. */

/** Made by `markup` alone. */
export interface Markup {
  readonly html: string;
}

export type Value = Markup | readonly Markup[] | string | number | null;

/** Attribute values must stand in quotation marks. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let html = parts[0] ?? '';
  for (let at = 0; at < values.length; at += 1) {
    html += textOf(values[at] ?? null) + (parts[at + 1] ?? '');
  }
  return { html };
}

function textOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  if ('html' in value) return value.html;
  return value.map((one) => one.html).join('');
}

const SPECIAL = /[&<>"']/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '') : text;
}
