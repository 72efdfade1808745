/** XML 1.0 text: elements and attributes, with everything escaped that has to be. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Elements, or the element's text. */
  readonly content: readonly XmlElement[] | string;
}

export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root, '')}`;
}

function render(element: XmlElement, indent: string): string {
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${escape(String(value))}"`);
  const open = `${indent}<${element.name}${attributes.join('')}`;
  if (element.content.length === 0) return `${open}/>\n`;
  if (typeof element.content === 'string') return `${open}>${escape(element.content)}</${element.name}>\n`;
  const children = element.content.map((child) => render(child, `${indent}  `)).join('');
  return `${open}>\n${children}${indent}</${element.name}>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser turns bare line ends and tabs in an attribute into spaces.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** First bytes of an answer may hold characters that no XML 1.0 document can carry, not even escaped. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"\n\r\t]/gu, (mark) => ENTITIES[mark] ?? mark);
}
