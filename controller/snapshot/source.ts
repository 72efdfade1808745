/** Texts of manifest files, read as strict UTF-8, and the places in them. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshproofError } from '../../proto/errors.ts';

/** Larger files are refused: nobody's manifests are, and a wrong path must not fill the memory. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

export interface Source {
  /** As the user named it; `<stdin>` for `-`. */
  readonly file: string;
  readonly text: string;
}

export function unreadable(source: Source, offset: number, expected: string, cause?: unknown): MeshproofError {
  const { line, column } = lineAndColumn(source, offset);
  const message = `${source.file}:${String(line)}:${String(column)}: ${expected}`;
  return new MeshproofError('MPE_UNREADABLE_INPUT', message, cause === undefined ? {} : { cause });
}

/** Where the lines of a source begin; found out once, however many places are asked for. */
const lineStarts = new WeakMap<Source, readonly number[]>();

/** Both from 1; columns count UTF-16 units. */
export function lineAndColumn(source: Source, offset: number): { readonly line: number; readonly column: number } {
  const starts = lineStarts.get(source) ?? startsOf(source.text);
  lineStarts.set(source, starts);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

function startsOf(text: string): readonly number[] {
  const starts = [0];
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) starts.push(next + 1);
  return starts;
}

/** Kustomize's own file, which may do without kind and version. */
const KUSTOMIZATION = /^kustomization\.ya?ml$/;

/** Folders are read with everything below them: *.yaml, *.yml and *.json, in the order of their paths. */
export async function filesOf(path: string): Promise<readonly string[]> {
  const found = await described(path, () => stat(path));
  if (!found.isDirectory()) return [path];
  const entries = await described(path, () => readdir(path, { recursive: true, withFileTypes: true }));
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name) && !KUSTOMIZATION.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export async function readSource(file: string): Promise<Source> {
  const bytes = await described(file, async () => {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw tooLarge(file);
    return await handle.readFile();
  });
  return { file, text: decode(file, bytes) };
}

export async function readStandardInput(input: AsyncIterable<Uint8Array>): Promise<Source> {
  const file = '<stdin>';
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of input) {
    sizeBytes += part.byteLength;
    if (sizeBytes > MAX_FILE_BYTES) throw tooLarge(file);
    parts.push(part);
  }
  return { file, text: decode(file, Buffer.concat(parts)) };
}

function tooLarge(file: string): MeshproofError {
  const limit = `${String(MAX_FILE_BYTES / 1024 / 1024)} MiB`;
  return new MeshproofError('MPE_UNREADABLE_INPUT', `${file}: is larger than ${limit}`, {
    hint: 'Name the folder or file that holds the manifests, in parts if need be.',
  });
}

/** A byte order mark is taken off. */
function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const good = bytes.toString('utf8');
    throw unreadable(
      { file, text: good },
      Math.max(0, good.indexOf('\uFFFD')),
      'expected UTF-8 text, found a byte that is none',
      cause,
    );
  }
}

async function described<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof MeshproofError) throw cause;
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${file}: cannot be read (${why})`, { cause });
  }
}
