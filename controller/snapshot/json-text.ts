/** JSON read strictly in one pass, several values after each other, each able to tell places inside it. */
import { MAX_DEPTH } from './plain-yaml.ts';

/** Where the text stops being JSON, and what was expected there. */
export class JsonFault extends Error {
  readonly offset: number;
  readonly expected: string;

  constructor(offset: number, expected: string) {
    super(`expected ${expected} at offset ${String(offset)}`);
    this.offset = offset;
    this.expected = expected;
  }
}

export interface JsonValue {
  readonly value: unknown;
  /** Offset of a field's key, or of an item, at a path; of the nearest one above it that is there. */
  readonly offsetOf: (path: readonly (string | number)[]) => number;
}

/** Containers so far down remember where they start: an object in a list is at 2. Deeper places are looked up again. */
const REMEMBERED_DEPTH = 2;

const CONTROL = /[\u0000-\u001F]/;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** Throws JsonFault, also for keys that stand twice in an object and for nesting that is too deep. */
export function readJson(text: string): readonly JsonValue[] {
  const reader = new JsonReader(text);
  const values: JsonValue[] = [];
  while (!reader.isAtEnd()) values.push(reader.next());
  return values;
}

class JsonReader {
  readonly #text: string;
  readonly #offsets = new WeakMap<object, number>();
  #at = 0;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }

  next(): JsonValue {
    const start = this.#at;
    const value = this.#value(0);
    return { value, offsetOf: (path) => this.#find(value, start, path) };
  }

  /** Whoever asks often asks for the items of a list: those need no search. */
  #find(value: unknown, start: number, path: readonly (string | number)[]): number {
    const depth = typeof path[0] === 'number' ? 1 : 2;
    const item = path.slice(0, depth).reduce<unknown>((here, key) => memberOf(here, key), value);
    const known = typeof item === 'object' && item !== null ? this.#offsets.get(item) : undefined;
    if (known === undefined || typeof path[depth - 1] !== 'number')
      return new JsonReader(this.#text, start).#lookUp(path, start);
    return new JsonReader(this.#text, known).#lookUp(path.slice(depth), known);
  }

  /** Reads the value that it stands at, which is known to be good JSON, once more. */
  #lookUp(path: readonly (string | number)[], nearest: number): number {
    const [key, ...rest] = path;
    const opening = this.#text[this.#at];
    if (key === undefined || (opening !== '{' && opening !== '[')) return nearest;
    this.#at += 1;
    for (let index = 0; ; index += 1) {
      this.#skipSpace();
      const place = this.#at;
      if (this.#text[place] === '}' || this.#text[place] === ']') return nearest;
      const name = opening === '{' ? this.#member() : index;
      if (name === key) return this.#lookUp(rest, place);
      this.#value(REMEMBERED_DEPTH + 1);
      this.#skipSpace();
      if (this.#text[this.#at] === ',') this.#at += 1;
    }
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at += 1;
    }
  }

  #fail(expected: string): never {
    throw new JsonFault(Math.min(this.#at, this.#text.length), expected);
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) this.#fail(`at most ${String(MAX_DEPTH)} levels of nesting`);
    const start = this.#at;
    switch (this.#text[start]) {
      case '{':
        return this.#remember(this.#object(depth), start, depth);
      case '[':
        return this.#remember(this.#array(depth), start, depth);
      case '"':
        return this.#string();
      case 't':
      case 'f':
      case 'n':
        return WORDS[this.#match(WORD, 'true, false or null')];
      default:
        return Number(this.#match(NUMBER, 'a JSON value'));
    }
  }

  #remember<T extends object>(container: T, start: number, depth: number): T {
    if (depth <= REMEMBERED_DEPTH) this.#offsets.set(container, start);
    return container;
  }

  #object(depth: number): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    this.#at += 1;
    this.#skipSpace();
    if (this.#takes('}')) return found;
    do {
      this.#skipSpace();
      const place = this.#at;
      const name = this.#member();
      if (Object.hasOwn(found, name)) {
        this.#at = place;
        this.#fail(`every key once, found ${JSON.stringify(name)} again`);
      }
      const value = this.#value(depth + 1);
      if (name === '__proto__') Object.defineProperty(found, name, { value, enumerable: true, writable: true });
      else found[name] = value;
      this.#skipSpace();
    } while (this.#takes(','));
    if (!this.#takes('}')) this.#fail("',' or '}'");
    return found;
  }

  /** A key and its colon; leaves the reader at the value. */
  #member(): string {
    if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes');
    const name = this.#string();
    this.#skipSpace();
    if (!this.#takes(':')) this.#fail("':'");
    this.#skipSpace();
    return name;
  }

  #array(depth: number): unknown[] {
    const found: unknown[] = [];
    this.#at += 1;
    this.#skipSpace();
    if (this.#takes(']')) return found;
    do {
      this.#skipSpace();
      found.push(this.#value(depth + 1));
      this.#skipSpace();
    } while (this.#takes(','));
    if (!this.#takes(']')) this.#fail("',' or ']'");
    return found;
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Searched for its end rather than matched: a text may be as long as the file. */
  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    const raw = end === -1 ? '' : this.#text.slice(start, end + 1);
    if (raw === '' || CONTROL.test(raw)) this.#fail('a text that ends with a double quote on its line');
    this.#at = end + 1;
    if (!raw.includes('\\')) return raw.slice(1, -1);
    try {
      return JSON.parse(raw) as string;
    } catch {
      this.#at = start;
      return this.#fail('a text whose escapes are those of JSON');
    }
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  }

  #match(pattern: RegExp, expected: string): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) this.#fail(expected);
    const [found] = match;
    this.#at += found.length;
    return found;
  }
}

function memberOf(container: unknown, key: string | number): unknown {
  return typeof container === 'object' && container !== null ? (container as Record<string, unknown>)[key] : undefined;
}
