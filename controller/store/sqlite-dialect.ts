/** What kysely needs to speak to the SQLite that Node brings. */
import { statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { CompiledQuery, SqliteAdapter, SqliteDriver, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { DatabaseConnection, Dialect, SqliteDatabase, SqliteStatement } from 'kysely';

/** `path` of the file; undefined where there is none, in memory. */
export function sqliteDialect(file: DatabaseSync, path: string | undefined): Dialect {
  return {
    createDriver: () => new WritersDriver(file, path),
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class WritersDriver extends SqliteDriver {
  readonly #file: DatabaseSync;
  readonly #path: string | undefined;
  readonly #inode: number | undefined;

  constructor(file: DatabaseSync, path: string | undefined) {
    super({ database: statements(file) });
    this.#file = file;
    this.#path = path;
    this.#inode = inodeOf(path);
  }

  /** Takes the lock at once: a transaction that reads first could not begin to write when another process did. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (inodeOf(this.#path) !== this.#inode) {
      // SQLite would go on writing to a file that nobody can open any more.
      throw new Error('its file was removed or replaced while it was open');
    }
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** After some errors, a full disk for one, SQLite has rolled back by itself: https://www.sqlite.org/lang_transaction.html */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#file.isTransaction) await super.rollbackTransaction(connection);
  }
}

function inodeOf(path: string | undefined): number | undefined {
  return path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Statements are few, and their texts constant: each is prepared once. */
const PREPARED = 100;

function statements(file: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => {
      file.close();
    },
    prepare: (text) => {
      const known = prepared.get(text);
      if (known !== undefined) return known;
      if (prepared.size >= PREPARED) prepared.clear();
      const statement = file.prepare(text);
      const made: SqliteStatement = {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
      prepared.set(text, made);
      return made;
    },
  };
}
