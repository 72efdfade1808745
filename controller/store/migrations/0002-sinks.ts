/** How far each sink was told, so that what came before a restart is told after it. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const createSinks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('mp_sinks')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('event_id', 'bigint', (column) => column.notNull())
      .execute();
  },
};
