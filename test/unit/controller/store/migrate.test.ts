import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { migrate } from '../../../../controller/store/migrate.ts';
import { openStore } from '../../../../controller/store/open-store.ts';
import { openSqlite } from '../../../../controller/store/sqlite.ts';
import { firstVersion, readsFirstVersion } from '../../../support/store/first-version.ts';

t.test('what the first version wrote is read by this one', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  {
    using file = new DatabaseSync(path);
    file.exec(firstVersion('sqlite'));
  }
  await using store = await openStore(path);
  await readsFirstVersion(t, store);
});

t.test('the first version is what the first migration makes', async (t) => {
  using written = new DatabaseSync(':memory:');
  written.exec(firstVersion('sqlite'));
  await using made = openSqlite(':memory:', { timeoutMs: 100 });
  await migrate(made);
  const schemaOf = (file: DatabaseSync): readonly unknown[] =>
    file.prepare("select type, name, sql from sqlite_master where tbl_name <> 'mp_sinks' order by name").all();
  t.strictSame(schemaOf(written), schemaOf(made.file), 'all but what came later');
});

t.test('a migration that has been made is not made again', async (t) => {
  await using backend = openSqlite(':memory:', { timeoutMs: 100 });
  await migrate(backend);
  await backend.db.updateTable('mp_meta').set({ term: 7 }).execute();
  await migrate(backend);
  t.strictSame(
    (await backend.db.selectFrom('mp_meta').select('term').execute()).map(({ term }) => term),
    [7],
  );
});
