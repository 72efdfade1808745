/** YAML and JSON texts taken apart into documents, each parsed by itself and able to tell places inside it. */
import { isCollection, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { unreadable } from './source.ts';
import type { Source } from './source.ts';

export interface ParsedDocument {
  readonly value: unknown;
  /** Offset in the file of the value at a path; of the nearest one above it that is there. */
  readonly offsetOf: (path: readonly (string | number)[]) => number;
}

/** Aliases are for anchors a few times used; more than this is an attack (or a mistake) that explodes in memory. */
const MAX_ALIASES = 100;

/** Documents without content are left out. Throws MPE_UNREADABLE_INPUT with the place. */
export function parseDocuments(source: Source): readonly ParsedDocument[] {
  const { text, file } = source;
  if (file.endsWith('.json') || /^\s*[[{]/.test(text)) return parseJson(source);
  return chunksOf(text).flatMap(({ start, end }) => {
    const chunk = text.slice(start, end);
    const document = parseDocument(chunk, { uniqueKeys: true, prettyErrors: false, version: '1.2' });
    const [error] = document.errors;
    if (error !== undefined) throw unreadable(source, start + error.pos[0], expectation(error.message), error);
    const value = valueOf(document, source, start);
    if (value === null || value === undefined) return [];
    return [{ value, offsetOf: (path: readonly (string | number)[]) => start + nodeOffset(document, path) }];
  });
}

function expectation(message: string): string {
  return /^expected/i.test(message) ? message : `expected valid YAML: ${message}`;
}

function valueOf(document: Document.Parsed, { file, text }: Source, start: number): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unreadable(file, text, start + nodeOffset(document, []), `expected YAML that can be resolved: ${why}`, cause);
  }
}

/** Documents begin and end at lines that start with `---` or `...`; no scalar can hold such a line at its beginning. */
function chunksOf(text: string): readonly { readonly start: number; readonly end: number }[] {
  if (/^%/m.test(text)) return [{ start: 0, end: text.length }];
  const chunks: { start: number; end: number }[] = [];
  let start = 0;
  for (const match of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    chunks.push({ start, end: match.index });
    start = match.index + 3;
  }
  chunks.push({ start, end: text.length });
  return chunks.filter((chunk) => /\S/.test(text.slice(chunk.start, chunk.end)));
}

function nodeOffset(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    if (!isCollection(node)) break;
    node = node.get(key, true);
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}

/** JSON is parsed by the engine itself, which is many times faster; places are looked up when somebody asks. */
function parseJson({ file, text }: Source): readonly ParsedDocument[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw jsonError(file, text, cause);
  }
  const positions = once(() => parseDocument(text, { prettyErrors: false, uniqueKeys: false }));
  return [{ value, offsetOf: (path) => (path.length === 0 ? text.search(/\S/) : nodeOffset(positions(), path)) }];
}

/** The YAML reader says where; JSON.parse does not always. */
function jsonError(file: string, text: string, cause: unknown): Error {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  const said = cause instanceof Error ? cause.message : String(cause);
  const position = /at position (\d+)/.exec(said)?.[1];
  const offset = position === undefined ? (error?.pos[0] ?? Math.max(0, text.length - 1)) : Number(position);
  return unreadable(file, text, offset, `expected JSON: ${said.replace(/ in JSON at position.*$/s, '')}`, cause);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
