/** Tokens of a file: `NAME read|write TOKEN` a line, TOKEN as it is or as `sha256:HEX`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../../proto/clock.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import type { Access, Admission, Right } from './access.ts';

export interface TokenHolder {
  readonly name: string;
  readonly canWrite: boolean;
  /** SHA-256 of the token. */
  readonly digest: Buffer;
}

export interface TokenFileDeps {
  readonly clock: Clock;
  readonly log: { readonly warn: (message: string) => void };
}

/** Shorter ones can be guessed. */
const MIN_CHARACTERS = 16;
/** How long a change of the file may go unseen. */
const LOOK_AGAIN_MS = 1000;

/**
 * Read again when it changes. A file that cannot be read any more, or not be understood, lets nobody in: the tokens that
 * it held before may be the very ones that were to be withdrawn.
 * Rejects with MPE_UNREADABLE_INPUT where it cannot be read at the start.
 */
export async function tokenFileAccess(path: string, { clock, log }: TokenFileDeps): Promise<Access> {
  let version = await versionOf(path);
  let holders: readonly TokenHolder[] | MeshproofError = parseTokens(await readFile(path, 'utf8'), path);
  let lookedAtMs = clock.monotonicMs();

  const look = async (): Promise<void> => {
    if (clock.monotonicMs() - lookedAtMs < LOOK_AGAIN_MS) return;
    lookedAtMs = clock.monotonicMs();
    const now = await versionOf(path).catch((cause: unknown) => unreadable(path, cause));
    if (now === version) return;
    try {
      if (now instanceof MeshproofError) throw now;
      holders = parseTokens(await readFile(path, 'utf8'), path);
      version = now;
    } catch (error) {
      const fault = error instanceof MeshproofError ? error : unreadable(path, error);
      if (!(holders instanceof MeshproofError) || holders.message !== fault.message) log.warn(fault.message);
      holders = fault;
      version = '';
    }
  };

  return {
    admit: async (token, right, signal) => {
      await look();
      signal.throwIfAborted();
      if (holders instanceof MeshproofError) return { kind: 'unavailable', why: holders.message };
      return admissionOf(holderOf(holders, token), right);
    },
  };
}

function admissionOf(holder: TokenHolder | undefined, { resource, verb }: Right): Admission {
  if (holder === undefined) return { kind: 'unauthenticated', why: 'the token is not in the token file' };
  if (verb === 'get' || holder.canWrite) return { kind: 'admitted', name: holder.name };
  return { kind: 'forbidden', name: holder.name, why: `${holder.name} may not ${verb} ${resource}` };
}

/** Looks at every line, so that the time it takes tells nothing about the tokens. */
function holderOf(holders: readonly TokenHolder[], token: string): TokenHolder | undefined {
  const digest = sha256(token);
  let found: TokenHolder | undefined;
  for (const holder of holders) if (timingSafeEqual(holder.digest, digest)) found = holder;
  return found;
}

/** Throws MPE_UNREADABLE_INPUT with the line; never says what stands in the token's place. */
export function parseTokens(content: string, path: string): readonly TokenHolder[] {
  const holders: TokenHolder[] = [];
  for (const [at, line] of content.split('\n').entries()) {
    const words = line.trim();
    if (words === '' || words.startsWith('#')) continue;
    const [name = '', right = '', token = '', ...rest] = words.split(/\s+/);
    const wrong = faultOf(right, token, rest);
    if (wrong !== undefined) {
      throw new MeshproofError('MPE_UNREADABLE_INPUT', `${path}:${String(at + 1)}: ${wrong}`, {
        hint: 'Each line is NAME read|write TOKEN, with sha256:HEX in the place of TOKEN where only its digest is kept.',
      });
    }
    const [, hex] = /^sha256:(.*)$/.exec(token) ?? [];
    const digest = hex === undefined ? sha256(token) : Buffer.from(hex, 'hex');
    holders.push({ name, canWrite: right === 'write', digest });
  }
  return holders;
}

function faultOf(right: string, token: string, rest: readonly string[]): string | undefined {
  if (right !== 'read' && right !== 'write') return 'the second word is neither read nor write';
  if (token === '') return 'the token is missing';
  if (rest.length > 0) return 'there are words after the token';
  if (token.startsWith('sha256:')) {
    return /^sha256:[0-9a-f]{64}$/i.test(token) ? undefined : 'sha256: is not followed by 64 hexadecimal digits';
  }
  return token.length < MIN_CHARACTERS
    ? `the token has less than ${String(MIN_CHARACTERS)} characters and can be guessed`
    : undefined;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Follows links: a mounted Secret changes by a link that leads elsewhere. */
async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${String(ino)} ${String(size)} ${String(mtimeMs)}`;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): MeshproofError {
  return new MeshproofError('MPE_UNREADABLE_INPUT', `the token file ${path} cannot be read`, { cause });
}
