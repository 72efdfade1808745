/** A token from its file, fit to be sent in a header. */
import { readFile } from 'node:fs/promises';
import { MeshproofError } from '../proto/errors.ts';

/** Rejects with MPE_INVALID_CONFIG where the file holds no token; gRPC's own complaint would quote what it holds. */
export async function readBearerToken(file: string): Promise<string> {
  const token = (await readFile(file, 'utf8')).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new MeshproofError('MPE_INVALID_CONFIG', `${file} holds no token that could be sent`, {
    hint: 'Look at the file: it is empty, or it has spaces or control characters within.',
  });
}
