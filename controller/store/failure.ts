/** What a database says went wrong, as the operator's error: what, where, and what to do. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Backend } from './backend.ts';
import { CommitFailed } from './transaction.ts';

const HINTS: Readonly<Record<Backend['kind'], Readonly<Record<string, string>>>> = {
  /** Result codes of SQLite (https://www.sqlite.org/rescode.html), and of the file system. */
  sqlite: {
    '5': 'Another program has the file locked: end it, or name another file.',
    '8': 'Make the file and its folder writable for the user that meshproof runs as.',
    '10': 'Look at the disk (dmesg, df), and whether its file system is fit for a database: many shared ones are not.',
    '11': 'The file is damaged: move it away, with its -wal and -shm. A new one is begun, without the history.',
    '13': 'Make room on the disk, or let less be kept; the next commit tries again.',
    '14': 'The folder must exist, and the file must be readable and writable for the user that meshproof runs as.',
    '26': 'The file is no SQLite database, or a damaged one: name another, or move it away.',
    EACCES: 'Make the file and its folder readable and writable for the user that meshproof runs as.',
    EISDIR: 'Name a file, not a folder.',
    ENOENT: 'Make the folder first: only the file is made.',
    EROFS: 'The file system is read-only: name a file on a volume that can be written.',
  },
  /** Codes of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html), and of the way to it. */
  postgres: {
    '25006': 'The URL leads to a standby of the database, which cannot be written: name the primary.',
    '28000': 'Check the user of the URL, and whom pg_hba.conf lets in.',
    '28P01': 'Check user and password of the URL (or PGUSER and PGPASSWORD).',
    '3D000': 'Create the database that the URL names, with createdb.',
    '42501': 'The user needs the right to create tables in its schema, and to use those that are there.',
    '53100': 'Make room on the disk of the database; the next commit tries again.',
    '53300': 'Let the database take more connections (max_connections): a controller needs five.',
    '55P03': 'Another transaction holds the tables: look for it in pg_stat_activity.',
    '57014': 'The database took too long: look at its load, and at pg_stat_activity.',
    EAI_AGAIN: 'Check the host of the URL, and the name service.',
    ENOENT: 'Check the folder of the socket in the URL, and that the database is up.',
    ENOTFOUND: 'Check the host of the URL.',
  },
};

const LOST = 'Check host and port of the URL, the network, and that the database is up; the next commit tries again.';

/**
 * Keeps what is one of ours already. `attempt` says what was tried, up to the store: `write to`. Neither the location
 * nor what drivers say holds a password.
 */
export function storeFailure(
  attempt: string,
  { kind, location }: Pick<Backend, 'kind' | 'location'>,
  error: unknown,
): MeshproofError {
  if (error instanceof MeshproofError) return error;
  if (error instanceof CommitFailed) return storeFailure(attempt, { kind, location }, error.cause);
  const { code, said } = read(error);
  const hint = HINTS[kind][code] ?? (kind === 'postgres' && isAboutConnection(code, said) ? LOST : undefined);
  return new MeshproofError('MPE_STORE_FAILED', `cannot ${attempt} the store ${location}: ${said}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function read(error: unknown): { readonly code: string; readonly said: string } {
  // Where a name has several addresses, Node collects what each of them said.
  if (error instanceof AggregateError && error.message === '') return read(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', said: String(error) };
  const { errcode, code } = error as Error & { readonly errcode?: unknown; readonly code?: unknown };
  const said = error.message.trim().replaceAll(/\s*\n\s*/g, '; ') || error.name;
  // Extended codes of SQLite have the plain one in their lowest byte.
  if (typeof errcode === 'number') return { code: String(errcode & 0xff), said };
  return { code: typeof code === 'string' ? code : '', said };
}

/** Classes 08 (connection) and 57P (shutdown) of PostgreSQL, and what Node and the driver say of sockets. */
function isAboutConnection(code: string, said: string): boolean {
  return /^(08|57P|E[A-Z]+$)/.test(code) || /connection|timeout|not queryable/i.test(said);
}
