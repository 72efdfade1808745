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

export function unreadable(
  file: string,
  text: string,
  offset: number,
  expected: string,
  cause?: unknown,
): MeshproofError {
  const { line, column } = lineAndColumn(text, offset);
  const message = `${file}:${String(line)}:${String(column)}: ${expected}`;
  return new MeshproofError('MPE_UNREADABLE_INPUT', message, cause === undefined ? {} : { cause });
}

/** Both from 1; columns count UTF-16 units. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < offset; next = text.indexOf('\n', start)) {
    line += 1;
    start = next + 1;
  }
  return { line, column: offset - start + 1 };
}

/** Folders are read with everything below them: *.yaml, *.yml and *.json, in the order of their paths. */
export async function filesOf(path: string): Promise<readonly string[]> {
  const found = await described(path, () => stat(path));
  if (!found.isDirectory()) return [path];
  const entries = await described(path, () => readdir(path, { recursive: true, withFileTypes: true }));
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
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
      file,
      good,
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
