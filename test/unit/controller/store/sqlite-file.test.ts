/** What can be wrong with the file, and that a store goes on when it is right again. */
import { chmodSync, closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { migrate } from '../../../../controller/store/migrate.ts';
import { openStore } from '../../../../controller/store/open-store.ts';
import { SqlStore } from '../../../../controller/store/sql-store.ts';
import { openSqlite } from '../../../../controller/store/sqlite.ts';
import type { MeshproofError } from '../../../../proto/errors.ts';
import { changes, propagation, transition } from '../../../support/store/samples.ts';

const FAILED = { code: 'MPE_STORE_FAILED' };

t.test('the file is for its owner only, as it holds a key, and so are the files beside it', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await using store = await openStore(path);
  await store.takeOver();
  for (const name of ['', '-wal', '-shm']) t.equal(statSync(path + name).mode & 0o777, 0o600, name);
});

t.test('a file that cannot be opened is told with its path and what to do', async (t) => {
  const folder = t.testdir({
    'text.sqlite': 'this is no database, but is long enough to be one'.repeat(40),
    folder: {},
  });
  const cases: readonly (readonly [path: string, message: RegExp, hint: RegExp])[] = [
    [`${folder}/none/store.sqlite`, /ENOENT/, /Make the folder first/],
    [`${folder}/folder`, /EISDIR/, /not a folder/],
    [`${folder}/text.sqlite`, /file is not a database/, /no SQLite database/],
  ];
  for (const [path, message, hint] of cases) {
    const error = await t.rejects(openStore(`sqlite:${path}`), FAILED, path).then(() => failureOf(openStore(path)));
    t.match(error.message, message);
    t.ok(error.message.startsWith(`cannot open the store ${path}: `), error.message);
    t.match(error.hint, hint);
  }
});

t.test('a file that may not be written is told, and is used once it may', { skip: noOtherUser() }, async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await (await openStore(path))[Symbol.asyncDispose]();
  chmodSync(path, 0o444);
  const error = await asNobody(() => failureOf(openStore(path)));
  t.equal(error.code, 'MPE_STORE_FAILED');
  t.match(error.message, /EACCES/);
  t.match(error.hint, /writable/);
  chmodSync(path, 0o600);
  await using store = await openStore(path);
  t.equal((await store.takeOver()).lastEventId, 0);
});

t.test('a commit on a full disk changes nothing, and the next one works when there is room', async (t) => {
  const backend = openSqlite(`${t.testdir()}/store.sqlite`, { timeoutMs: 1000 });
  await migrate(backend);
  await using store = new SqlStore(backend);
  await store.takeOver();
  await store.commit(changes({ events: [propagation(1)] }));
  backend.file.exec('pragma max_page_count = 1');
  const big = changes({
    positions: [{ agentId: 'a', bootId: 'one', sequence: 1 }],
    events: Array.from({ length: 100 }, (_, index) => transition('web', index + 1)),
  });
  const error = await failureOf(store.commit(big));
  t.equal(error.code, 'MPE_STORE_FAILED');
  t.match(error.message, /^cannot write to the store .*: database or disk is full$/);
  t.match(error.hint, /Make room/);
  t.equal((await store.events({ limit: 1000 })).length, 1);
  backend.file.exec('pragma max_page_count = 1000000');
  const stored = await store.commit(big);
  t.strictSame([stored[0]?.id, stored.at(-1)?.id], [2, 101]);
  t.strictSame((await store.takeOver()).positions, big.positions);
});

t.test('a damaged file is told when it is read', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  {
    await using store = await openStore(path);
    await store.takeOver();
    await store.commit(changes({ events: Array.from({ length: 500 }, () => transition('web', 1)) }));
  }
  const file = openSync(path, 'r+');
  for (let page = 40; page < 100; page += 1) writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, page * 4096);
  closeSync(file);
  const error = await failureOf(
    openStore(path).then(async (store) => {
      await using it = store;
      await it.takeOver();
      await it.events({ limit: 1000 });
    }),
  );
  t.equal(error.code, 'MPE_STORE_FAILED');
  t.match(error.message, /malformed/);
  t.match(error.hint, /damaged: move it away/);
});

t.test('a file that another program has locked is told, and used when it is free', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await using store = await openStore(path, { timeoutMs: 50 });
  await store.takeOver();
  using other = new DatabaseSync(path);
  other.exec('begin immediate');
  const error = await failureOf(store.commit(changes({ events: [propagation(1)] })));
  t.match(error, { ...FAILED, message: /database is locked$/, hint: /Another program/ });
  t.strictSame(await store.events({ limit: 9 }), [], 'reading goes on');
  other.exec('rollback');
  t.equal((await store.commit(changes({ events: [propagation(1)] })))[0]?.id, 1);
});

t.test('a file that was removed under way is told: what is written there nobody could read', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await using store = await openStore(path);
  await store.takeOver();
  rmSync(path);
  await t.rejects(store.commit(changes({ events: [propagation(1)] })), { ...FAILED, message: /removed or replaced/ });
});

t.test('what a newer meshproof has written is left alone', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await (await openStore(path))[Symbol.asyncDispose]();
  {
    using newer = new DatabaseSync(path);
    newer.exec(`insert into mp_migrations values ('9999-later', '2999-01-01T00:00:00.000Z')`);
  }
  const before = readFileSync(path);
  const error = await failureOf(openStore(path));
  t.equal(error.code, 'MPE_STORE_FAILED');
  t.match(error.message, /a newer meshproof has written it \(its schema has "9999-later"\)/);
  t.match(error.hint, /Start that version/);
  t.ok(before.equals(readFileSync(path)));
});

t.test('the file becomes smaller when much has gone', async (t) => {
  const path = `${t.testdir()}/store.sqlite`;
  await using store = await openStore(path);
  await store.takeOver();
  for (let round = 0; round < 20; round += 1) {
    await store.commit(changes({ events: Array.from({ length: 500 }, () => transition('web', 1)) }));
  }
  const full = await store.sizeBytes();
  t.ok(full > 6_000_000, `10,000 events take ${String(full)}`);
  t.equal(await store.trim(1e15), 10_000);
  for (let times = 0; times < 5; times += 1) await store.trim(1e15);
  const left = await store.sizeBytes();
  t.ok(left < 2_000_000, `${String(left)} are left`);
});

t.test('in memory, nothing is on the disk', async (t) => {
  await using store = await openStore(':memory:');
  await store.takeOver();
  t.equal((await store.commit(changes({ events: [propagation(1)] })))[0]?.id, 1);
  await using other = await openStore(':memory:');
  t.equal((await other.takeOver()).lastEventId, 0);
});

function noOtherUser(): string | false {
  return process.seteuid === undefined ? 'there are no users here' : false;
}

/** Root may write everything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user !== 0) return await work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

async function failureOf(work: Promise<unknown>): Promise<MeshproofError> {
  try {
    await work;
  } catch (error) {
    return error as MeshproofError;
  }
  throw new Error('it did not fail');
}
