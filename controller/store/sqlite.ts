/** A store in one SQLite file, by the SQLite that Node brings: for one process at a time. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import type { Backend, BackendOptions } from './backend.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

export const IN_MEMORY = ':memory:';

/** Kept free in the file, for what comes next. */
const SPARE_PAGES = 256;
/** Given back at once; 4 MiB are moved in some 10 ms. */
const PAGES_AT_ONCE = 1024;
const LOG_BYTES = 16 * 2 ** 20;
/** For a lock of another process. The whole process stands still meanwhile. */
const LOCK_MS = 1000;

export interface SqliteBackend extends Backend {
  /** The handle itself. */
  readonly file: DatabaseSync;
}

/**
 * Makes the file where there is none, readable by its owner only: it holds a key. What is committed is on the disk, even
 * if the machine loses its power. Throws what SQLite says.
 */
export function openSqlite(path: string, { timeoutMs }: BackendOptions): SqliteBackend {
  if (path !== IN_MEMORY) closeSync(openSync(path, 'a', 0o600));
  const file = new DatabaseSync(path, { timeout: Math.min(timeoutMs, LOCK_MS), enableForeignKeyConstraints: true });
  try {
    // First of all, for it cannot be changed once there are tables.
    if (file.prepare('pragma page_count').get()?.['page_count'] === 0) file.exec('pragma auto_vacuum = incremental');
    file.exec('pragma journal_mode = wal');
    file.exec('pragma synchronous = full');
    file.exec(`pragma journal_size_limit = ${String(LOG_BYTES)}`);
  } catch (error) {
    file.close();
    throw error;
  }
  const db = new Kysely<Schema>({ dialect: sqliteDialect(file, path === IN_MEMORY ? undefined : path) });
  const pages = (pragma: string): number => Number(file.prepare(`pragma ${pragma}`).get()?.[pragma]);
  const bytes = (count: number): Promise<number> => Promise.resolve(count * pages('page_size'));
  return {
    kind: 'sqlite',
    file,
    location: path,
    db,
    dialect: { rowId: 'integer', bytes: 'blob', rewritten: sql``, allKey: sql`without rowid` },
    rows: (rows) => sql`json_each(${JSON.stringify(rows)}) as r`,
    sizeBytes: () => bytes(pages('page_count')),
    exceeds: async (limitBytes) => (await bytes(pages('page_count') - pages('freelist_count'))) > limitBytes,
    shrink: () => {
      // Others' transactions are on the same handle; the next trim comes soon.
      if (!file.isTransaction && pages('freelist_count') > SPARE_PAGES) {
        file.exec(`pragma incremental_vacuum(${String(PAGES_AT_ONCE)})`);
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: async () => {
      await db.destroy();
      // Kysely closes only what it has used.
      if (file.isOpen) file.close();
    },
  };
}
