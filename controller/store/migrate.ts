/** Brings the tables of a store to the newest version; refuses what a newer meshproof has written. */
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import { MeshproofError } from '../../proto/errors.ts';
import type { Backend, Dialect } from './backend.ts';
import { storeFailure } from './failure.ts';
import { createTables } from './migrations/0001-tables.ts';
import { createSinks } from './migrations/0002-sinks.ts';
import { MIGRATIONS_LOCK_TABLE, MIGRATIONS_TABLE } from './schema.ts';

/**
 * In this order, each once. What has been released is never changed: add one. A former version may still write while a
 * standby of the next one opens the store, so a migration only adds what the former one can ignore.
 */
function migrations(dialect: Dialect): Record<string, Migration> {
  return { '0001-tables': createTables(dialect), '0002-sinks': createSinks };
}

/** All steps or none; processes that start at once wait for each other. Rejects with what the database says. */
export async function migrate(backend: Backend): Promise<void> {
  const { db, dialect, location } = backend;
  const known = migrations(dialect);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(known) },
    migrationTableName: MIGRATIONS_TABLE,
    migrationLockTableName: MIGRATIONS_LOCK_TABLE,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const [newer] = (await executed(db)).filter((name) => !(name in known)).toSorted();
  if (newer === undefined) throw storeFailure('open', backend, error);
  throw new MeshproofError(
    'MPE_STORE_FAILED',
    `cannot open the store ${location}: a newer meshproof has written it (its schema has "${newer}")`,
    { cause: error, hint: 'Start that version of meshproof or a later one, or name another store.' },
  );
}

/** Nothing where the database cannot say: then its first error is the one to tell. */
async function executed(db: Backend['db']): Promise<readonly string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATIONS_TABLE)}`.execute(db);
    return rows.map(({ name }) => name);
  } catch {
    return [];
  }
}
