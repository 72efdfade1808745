/** YAML and JSON texts taken apart into documents, each parsed by itself and able to tell places inside it. */
import { isMap, isScalar, isSeq, parseAllDocuments, parseDocument } from 'yaml';
import type { Document, ParseOptions, DocumentOptions, SchemaOptions } from 'yaml';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { documentChunks, listChunks } from './chunks.ts';
import type { Chunk } from './chunks.ts';
import { JsonFault, readJson } from './json-text.ts';
import { DECLINED, MAX_DEPTH, readPlainYaml } from './plain-yaml.ts';
import { unreadable } from './source.ts';
import type { Source } from './source.ts';

type Path = readonly (string | number)[];

export interface ParsedDocument {
  readonly value: unknown;
  /** Offset in the file of a field (its key) or an item at a path; of the nearest one above it that is there. */
  readonly offsetOf: (path: Path) => number;
}

/** Aliases are for anchors a few times used; more than this is an attack (or a mistake) that explodes in memory. */
const MAX_ALIASES = 100;

/** `<<` is of YAML 1.1, and what kubectl reads. */
const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  uniqueKeys: true,
  prettyErrors: false,
  version: '1.2',
  merge: true,
};

/** Documents without content are left out. Throws MPE_UNREADABLE_INPUT with the place. */
export function parseDocuments(source: Source): readonly ParsedDocument[] {
  const { text, file } = source;
  if (file.endsWith('.json')) return parseJson(source);
  if (/^\s*[[{]/.test(text)) return tryJson(source) ?? parseYaml(source);
  return parseYaml(source);
}

function parseJson(source: Source): readonly ParsedDocument[] {
  try {
    return readJson(source.text);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    throw unreadable(source, fault.offset, `expected JSON, and here ${fault.expected}`, fault);
  }
}

/** A YAML document may begin with a bracket as well; whatever is wrong with it, the YAML reader will say. */
function tryJson({ text }: Source): readonly ParsedDocument[] | null {
  try {
    return readJson(text);
  } catch (fault) {
    if (fault instanceof JsonFault) return null;
    throw fault;
  }
}

function parseYaml(source: Source): readonly ParsedDocument[] {
  const { text } = source;
  const documents = /^%/m.test(text)
    ? withDirectives(source)
    : documentChunks(text).map((chunk) => parseChunk(source, chunk));
  return documents.filter(({ value }) => value !== null && value !== undefined);
}

/** Lists are what a cluster is exported as, and may be as long as that is large: each item is parsed by itself. */
function parseChunk(source: Source, chunk: Chunk): ParsedDocument {
  const parts = listChunks(source.text, chunk);
  const envelope = parts === null ? DECLINED : readPlainYaml(parts.envelope);
  if (parts === null || envelope === DECLINED) return parsePart(source, chunk);
  try {
    return assembled(source, chunk, envelope as object, parts.items);
  } catch (error) {
    // An anchor of another item, perhaps.
    if (error instanceof MeshproofError && /unresolved alias/i.test(error.message)) return parsePart(source, chunk);
    throw error;
  }
}

function assembled(source: Source, chunk: Chunk, envelope: object, chunks: readonly Chunk[]): ParsedDocument {
  const items = chunks.map((item) => parsePart(source, item));
  const start = contentStart(source.text, chunk);
  return {
    value: { ...envelope, items: items.map(({ value }) => (value as readonly unknown[])[0]) },
    offsetOf: ([field, index, ...rest]) => {
      const at = field === 'items' && typeof index === 'number' ? index : -1;
      const [item, place] = [items[at], chunks[at]];
      if (item === undefined || place === undefined) return start;
      // Where an item begins is asked for each; what is inside of it, hardly ever.
      return rest.length === 0 ? contentAfterDash(source.text, place) : item.offsetOf([0, ...rest]);
    },
  };
}

function contentAfterDash(text: string, chunk: Chunk): number {
  return contentStart(text, { ...chunk, start: contentStart(text, chunk) + 1 });
}

function parsePart(source: Source, chunk: Chunk): ParsedDocument {
  const part = source.text.slice(chunk.start, chunk.end);
  const start = contentStart(source.text, chunk);
  const fast = readPlainYaml(part);
  const value = fast === DECLINED ? valueOf(fullyParsed(source, chunk, part), source, chunk.start) : fast;
  // What was parsed is not kept: it takes hundreds of times the room of its text, and hardly anybody asks.
  const again = (): Document.Parsed => parseDocument(part, { ...OPTIONS, uniqueKeys: false });
  return { value, offsetOf: (path) => (path.length === 0 ? start : chunk.start + nodeOffset(again(), path)) };
}

function fullyParsed(source: Source, chunk: Chunk, part: string): Document.Parsed {
  checkSize(source, chunk);
  const document = parseDocument(part, OPTIONS);
  checkErrors(document, source, chunk.start);
  return document;
}

/** Such an object no API server would take (etcd: 1.5 MiB), and the full reader would not stop before memory ends. */
const MAX_FULL_LENGTH = 2 * 1024 * 1024;

function checkSize(source: Source, chunk: Chunk): void {
  if (chunk.end - chunk.start <= MAX_FULL_LENGTH) return;
  const expected = `expected at most ${String(MAX_FULL_LENGTH / 1024 / 1024)} MiB a document, unless it is JSON or YAML in plain block style`;
  throw unreadable(source, contentStart(source.text, chunk), expected);
}

/** Offset of the first character that says something. */
function contentStart(text: string, { start, end }: Chunk): number {
  let at = start;
  while (at < end) {
    if (text[at] === '#') {
      const newline = text.indexOf('\n', at);
      at = newline === -1 ? end : newline;
    } else if (!' \t\r\n'.includes(text[at] ?? '')) break;
    else at += 1;
  }
  return at;
}

/** What a directive says holds for the document behind it, wherever that begins: such files are read as a whole. */
function withDirectives(source: Source): readonly ParsedDocument[] {
  checkSize(source, { start: 0, end: source.text.length });
  const documents = parseAllDocuments(source.text, OPTIONS);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    checkErrors(document, source, 0);
    return { value: valueOf(document, source, 0), offsetOf: (path) => nodeOffset(document, path) };
  });
}

function checkErrors(document: Document.Parsed, source: Source, start: number): void {
  const [error] = document.errors;
  if (error !== undefined) throw unreadable(source, start + error.pos[0], expectation(error.message), error);
}

const TOO_DEEP = `expected at most ${String(MAX_DEPTH)} levels of nesting`;

function expectation(message: string): string {
  if (message.includes('call stack')) return TOO_DEEP;
  return /^expected/i.test(message) ? message : `expected valid YAML: ${message}`;
}

function valueOf(document: Document.Parsed, source: Source, start: number): unknown {
  const place = start + nodeOffset(document, []);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    const why = messageOf(cause);
    throw unreadable(source, place, `expected YAML that can be resolved: ${why}`, cause);
  }
  if (isTooDeep(value, 0)) throw unreadable(source, place, TOO_DEEP);
  return value;
}

/** An alias inside of what it stands for makes a value without end. */
function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth > MAX_DEPTH || Object.values(value).some((item) => isTooDeep(item, depth + 1));
}

/** Fields are found at their keys, items of sequences where they begin. */
function nodeOffset(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key))
      : undefined;
    const place: unknown = pair?.key ?? (isSeq(node) && typeof key === 'number' ? node.items[key] : undefined);
    if (place === undefined) return offset;
    offset = startOf(place) ?? offset;
    node = pair === undefined ? place : pair.value;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}
