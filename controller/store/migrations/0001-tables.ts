/** The first schema. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../backend.ts';

export function createTables({ rowId, bytes, rewritten, allKey }: Dialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('mp_meta')
        .addColumn('id', rowId, (column) => column.primaryKey())
        .addColumn('term', 'bigint', (column) => column.notNull())
        .addColumn('next_event', 'bigint', (column) => column.notNull())
        .addColumn('next_route', 'bigint', (column) => column.notNull())
        .addColumn('last_commit', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
      await (db as Kysely<Meta>)
        .insertInto('mp_meta')
        .values({ id: 1, term: 0, next_event: 1, next_route: 1, last_commit: '', bytes: 0 })
        .execute();
      await schema
        .createTable('mp_authority')
        .addColumn('id', rowId, (column) => column.primaryKey())
        .addColumn('certificate', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createTable('mp_routes')
        .addColumn('number', rowId, (column) => column.primaryKey())
        .addColumn('key', 'text', (column) => column.notNull().unique())
        .addColumn('state', 'text', (column) => column.notNull())
        .modifyEnd(rewritten)
        .execute();
      await schema
        .createTable('mp_positions')
        .addColumn('agent_id', 'text', (column) => column.primaryKey())
        .addColumn('boot_id', 'text', (column) => column.notNull())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('idle_since_ms', 'bigint')
        .modifyEnd(rewritten)
        .execute();
      await schema
        .createTable('mp_events')
        .addColumn('id', rowId, (column) => column.primaryKey())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('route', 'text')
        .addColumn('json', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
      await schema.createIndex('mp_events_at').on('mp_events').column('at_ms').execute();
      await schema.createIndex('mp_events_kind').on('mp_events').columns(['kind', 'id']).execute();
      await schema
        .createIndex('mp_events_route')
        .on('mp_events')
        .columns(['route', 'id'])
        .where('route' as never, 'is not', null)
        .execute();
      await schema
        .createTable('mp_sweeps')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('started_ms', 'bigint', (column) => column.notNull())
        .addColumn('json', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
      await schema.createIndex('mp_sweeps_started').on('mp_sweeps').columns(['started_ms', 'id']).execute();
      await schema
        .createTable('mp_documents')
        .addColumn('sweep_id', 'text', (column) => column.primaryKey().references('mp_sweeps.id').onDelete('cascade'))
        .addColumn('gzip', bytes, (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('mp_tallies')
        .addColumn('width', 'text', (column) => column.notNull())
        .addColumn('from_ms', 'bigint', (column) => column.notNull())
        .addColumn('source_namespace', 'text', (column) => column.notNull())
        .addColumn('target_namespace', 'text', (column) => column.notNull())
        .addColumn('probe', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('attempts', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('mp_tallies_key', [
          'width',
          'from_ms',
          'source_namespace',
          'target_namespace',
          'probe',
          'outcome',
        ])
        .modifyEnd(allKey)
        .execute();
    },
  };
}

/** As it was then: a migration never follows what the schema becomes later. */
interface Meta {
  mp_meta: { id: number; term: number; next_event: number; next_route: number; last_commit: string; bytes: number };
}
