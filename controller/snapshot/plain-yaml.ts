/** A fast reader for the plain block style in which clusters and most people write YAML; for all the rest it declines. */

/** What a reader says that does not know the text's style. The value `undefined` never stands in a YAML document. */
export const DECLINED = Symbol('declined');

/** Deeper nesting is nobody's manifest. */
export const MAX_DEPTH = 200;

/** Thrown and caught in here only. */
class Decline extends Error {}

const KEY = /(?:([A-Za-z0-9_./$-]+)|"([^"\\\n]*)"|'([^'\n]*)'):(?=[ \n]|$)/y;
/** Plain keys that stay what they are as texts. */
const TEXT_KEY = /^(?!(?:null|true|false)$)[a-z_][A-Za-z0-9_./$-]*$|^(?:0|[1-9][0-9]{0,14})$/i;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Everything that YAML's core schema may take for a number. */
const NUMBER_LIKE = /^[-+]?(?:0o[0-7]+|0x[0-9a-f]+|(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:e[-+]?[0-9]+)?|\.inf)$|^\.nan$/i;
const UNCOMMON = /[\r\t\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF]/;

/**
 * The value of one document, or DECLINED; never throws. What it reads it reads as `yaml` does (a property test holds the
 * two against each other); anchors, flow collections, folded and multi-line scalars, tabs, duplicate keys and errors of
 * all kinds are for that slower reader, who also knows where they are.
 */
export function readPlainYaml(text: string): unknown {
  if (UNCOMMON.test(text)) return DECLINED;
  try {
    return new PlainReader(text).document();
  } catch (error) {
    if (error instanceof Decline) return DECLINED;
    throw error;
  }
}

class PlainReader {
  readonly #text: string;
  /** Start of the content of the line that is looked at; the text's length at its end. */
  #content = 0;
  #indent = -1;
  #lineEnd = -1;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#advance();
    if (this.#isAtEnd()) return null;
    const value = this.#block(this.#indent, 0);
    if (!this.#isAtEnd()) throw new Decline();
    return value;
  }

  #isAtEnd(): boolean {
    return this.#content >= this.#text.length;
  }

  /** To the next line that says something. */
  #advance(): void {
    const text = this.#text;
    for (let start = this.#lineEnd + 1; start < text.length; start = this.#lineEnd + 1) {
      const newline = text.indexOf('\n', start);
      this.#lineEnd = newline === -1 ? text.length : newline;
      let content = start;
      while (text.charCodeAt(content) === 32) content += 1;
      if (content === this.#lineEnd || text[content] === '#') continue;
      this.#content = content;
      this.#indent = content - start;
      return;
    }
    this.#content = text.length;
    this.#indent = -1;
    this.#lineEnd = text.length;
  }

  #block(indent: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Decline();
    return this.#isDash() ? this.#sequence(indent, depth) : this.#mapping(indent, depth);
  }

  #isDash(): boolean {
    const next = this.#text[this.#content + 1];
    return this.#text[this.#content] === '-' && (next === ' ' || next === '\n' || next === undefined);
  }

  #sequence(indent: number, depth: number): unknown[] {
    const items: unknown[] = [];
    while (this.#indent === indent && this.#isDash()) {
      let content = this.#content + 1;
      while (this.#text.charCodeAt(content) === 32) content += 1;
      if (content >= this.#lineEnd || this.#text[content] === '#') {
        this.#advance();
        items.push(this.#indent > indent ? this.#block(this.#indent, depth + 1) : null);
      } else {
        const column = indent + content - this.#content;
        this.#content = content;
        if (this.#isDash()) throw new Decline();
        if (this.#key() === null) items.push(this.#scalar(content, indent));
        else {
          this.#indent = column;
          items.push(this.#mapping(column, depth + 1));
        }
      }
    }
    if (this.#indent > indent) throw new Decline();
    return items;
  }

  #mapping(indent: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH) throw new Decline();
    const found: Record<string, unknown> = {};
    while (this.#indent === indent && !this.#isAtEnd() && !this.#isDash()) {
      const key = this.#key();
      if (key === null || Object.hasOwn(found, key.name) || key.name === '__proto__') throw new Decline();
      let content = key.end;
      while (this.#text.charCodeAt(content) === 32) content += 1;
      if (content < this.#lineEnd && this.#text[content] !== '#') found[key.name] = this.#scalar(content, indent);
      else {
        this.#advance();
        if (this.#indent > indent) found[key.name] = this.#block(this.#indent, depth + 1);
        else found[key.name] = this.#indent === indent && this.#isDash() ? this.#sequence(indent, depth + 1) : null;
      }
    }
    if (this.#indent > indent) throw new Decline();
    return found;
  }

  #key(): { readonly name: string; readonly end: number } | null {
    KEY.lastIndex = this.#content;
    const match = KEY.exec(this.#text);
    if (match === null) return null;
    const [whole, plain, doubled, single] = match;
    if (plain !== undefined && !TEXT_KEY.test(plain)) throw new Decline();
    return { name: plain ?? doubled ?? single ?? '', end: this.#content + whole.length };
  }

  /** Leaves the reader at the next line; a line that is indented more than the scalar's owner would go on with it. */
  #scalar(start: number, indent: number): unknown {
    const line = trimmed(this.#text, start, this.#lineEnd);
    if (line === '|' || line === '|-') return this.#literal(indent, line === '|');
    const value = scalarOf(line);
    this.#advance();
    if (this.#indent > indent) throw new Decline();
    return value;
  }

  #literal(indent: number, keepsLastBreak: boolean): string {
    const text = this.#text;
    const lines: string[] = [];
    let width = 0;
    let start = this.#lineEnd + 1;
    while (start < text.length) {
      const newline = text.indexOf('\n', start);
      if (newline === -1) throw new Decline();
      let content = start;
      while (text.charCodeAt(content) === 32) content += 1;
      const column = content - start;
      if (content === newline) {
        if (width === 0 && column > 0) throw new Decline();
        lines.push(width === 0 ? '' : text.slice(start + width, newline));
      } else {
        if (width === 0 && column > indent) width = column;
        if (column < width || width === 0) {
          if (column > indent) throw new Decline();
          break;
        }
        lines.push(text.slice(start + width, newline));
      }
      this.#lineEnd = newline;
      start = newline + 1;
    }
    if (width === 0) throw new Decline();
    while (lines.at(-1) === '') lines.pop();
    // A last line of nothing but spaces is content or not by rules of their own.
    if (lines.at(-1)?.trim() === '') throw new Decline();
    this.#advance();
    return `${lines.join('\n')}${keepsLastBreak ? '\n' : ''}`;
  }
}

/** Without spaces at its end; other characters that look like spaces are content. */
function trimmed(text: string, start: number, end: number): string {
  let last = end;
  while (last > start && text.charCodeAt(last - 1) === 32) last -= 1;
  return text.slice(start, last);
}

function scalarOf(line: string): unknown {
  switch (line[0]) {
    case '"':
    case "'":
      return quoted(line);
    case '{':
      if (line === '{}') return {};
      throw new Decline();
    case '[':
      if (line === '[]') return [];
      throw new Decline();
    case '-':
      if (line === '-' || line[1] === ' ') throw new Decline();
      return plain(line);
    default:
      if ('&*!|>%@`?:,]}#~='.includes(line[0] ?? '')) throw new Decline();
      return plain(line);
  }
}

/** The escapes of JSON mean the same in YAML; those that only YAML has are declined. */
function quoted(line: string): string {
  if (line.startsWith('"')) {
    try {
      return JSON.parse(line) as string;
    } catch {
      throw new Decline();
    }
  }
  const inner = line.slice(1, -1);
  if (line.length < 2 || !line.endsWith("'") || inner.replaceAll("''", '').includes("'")) throw new Decline();
  return inner.replaceAll("''", "'");
}

function plain(text: string): unknown {
  const comment = text.indexOf(' #');
  const line = comment === -1 ? text : trimmed(text, 0, comment);
  if (line.includes(': ') || line.endsWith(':')) throw new Decline();
  if (INTEGER.test(line)) return Number(line);
  switch (line) {
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    default:
      if (NUMBER_LIKE.test(line)) throw new Decline();
      return line;
  }
}
