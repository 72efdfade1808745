/** Commits whose answer is lost, which a network can do: they are told as what they were, and never stored twice. */
import { Kysely } from 'kysely';
import type { DatabaseConnection, Dialect, Driver } from 'kysely';
import t from 'tap';
import { migrate } from '../../../../controller/store/migrate.ts';
import type { Schema } from '../../../../controller/store/schema.ts';
import { SqlStore } from '../../../../controller/store/sql-store.ts';
import { sqliteDialect } from '../../../../controller/store/sqlite-dialect.ts';
import { openSqlite } from '../../../../controller/store/sqlite.ts';
import type { Changes } from '../../../../controller/store/store.ts';
import { changes, tally, transition } from '../../../support/store/samples.ts';

/** What the line to the database does with the next COMMIT, and to everything after it while it is down. */
interface Line {
  next: 'answers' | 'is cut before' | 'is cut after';
  isDown: boolean;
  /** After the cut. */
  staysDown: boolean;
}

const FAILED = { code: 'MPE_STORE_FAILED', message: /the line was cut/ };

const FIRST = changes({ events: [transition('web', 1)], tallies: [tally(0, 5)] });
const SECOND = changes({ events: [transition('web', 2)], tallies: [tally(0, 7)] });

t.test('a commit that was stored before the line was cut is told as stored', async (t) => {
  const { store, line } = await overLine();
  line.next = 'is cut after';
  t.strictSame(await store.commit(FIRST), [{ id: 1, event: transition('web', 1) }]);
  t.strictSame(await store.commit(SECOND), [{ id: 2, event: transition('web', 2) }]);
  t.strictSame(await attemptsIn(store), 12);
});

t.test('a commit that was not stored before the line was cut changes nothing', async (t) => {
  const { store, line } = await overLine();
  line.next = 'is cut before';
  await t.rejects(store.commit(FIRST), FAILED);
  t.strictSame(await store.events({ limit: 9 }), []);
  t.strictSame(await store.commit(SECOND), [{ id: 1, event: transition('web', 2) }]);
  t.strictSame(await attemptsIn(store), 7);
});

for (const next of ['is cut before', 'is cut after'] as const) {
  t.test(`a commit whose line ${next} it and stays down is stored once when it is tried again`, async (t) => {
    const { store, line } = await overLine();
    Object.assign(line, { next, staysDown: true });
    await t.rejects(store.commit(FIRST), FAILED);
    await t.rejects(store.commit(FIRST), FAILED, 'still down');
    line.isDown = false;
    t.strictSame(await store.commit(FIRST), [{ id: 1, event: transition('web', 1) }]);
    t.strictSame(await store.commit(SECOND), [{ id: 2, event: transition('web', 2) }]);
    t.strictSame(await attemptsIn(store), 12);
  });
}

t.test('another commit after one that was not stored goes on as if that had not been', async (t) => {
  const { store, line } = await overLine();
  Object.assign(line, { next: 'is cut before', staysDown: true });
  await t.rejects(store.commit(FIRST), FAILED);
  line.isDown = false;
  t.strictSame(await store.commit(SECOND), [{ id: 1, event: transition('web', 2) }]);
});

t.test('another commit after one that was stored, unknown to who committed it, asks to take over again', async (t) => {
  const { store, line } = await overLine();
  Object.assign(line, { next: 'is cut after', staysDown: true });
  await t.rejects(store.commit(FIRST), FAILED);
  line.isDown = false;
  const both: Changes = { ...SECOND, events: [...FIRST.events, ...SECOND.events] };
  const refused = { code: 'MPE_STORE_TAKEN_OVER', message: /was stored after all/, hint: /Take over again/ };
  await t.rejects(store.commit(both), refused);
  await t.rejects(store.commit(both), { code: 'MPE_STORE_TAKEN_OVER' }, 'until it has');
  t.equal((await store.takeOver()).lastEventId, 1);
  t.strictSame(await store.commit(SECOND), [{ id: 2, event: transition('web', 2) }]);
});

t.test('who was taken over while the line was down is told that', async (t) => {
  const { store, line, other } = await overLine();
  Object.assign(line, { next: 'is cut after', staysDown: true });
  await t.rejects(store.commit(FIRST), FAILED);
  t.equal((await other.takeOver()).lastEventId, 1);
  line.isDown = false;
  await t.rejects(store.commit(FIRST), { code: 'MPE_STORE_TAKEN_OVER', message: /another controller/ });
});

/** Has taken over; `other` is a controller whose line is whole. */
async function overLine() {
  const backend = openSqlite(':memory:', { timeoutMs: 100 });
  await migrate(backend);
  const line: Line = { next: 'answers', isDown: false, staysDown: false };
  const db = new Kysely<Schema>({ dialect: cutting(sqliteDialect(backend.file, undefined), line) });
  const store = new SqlStore({ ...backend, db });
  await store.takeOver();
  return { store, line, other: new SqlStore(backend) };
}

function cutting(dialect: Dialect, line: Line): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver: () => new CuttingDriver(dialect.createDriver(), line),
  };
}

class CuttingDriver implements Driver {
  readonly #driver: Driver;
  readonly #line: Line;

  constructor(driver: Driver, line: Line) {
    this.#driver = driver;
    this.#line = line;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await this.#driver.acquireConnection();
    return {
      executeQuery: (query) =>
        this.#line.isDown ? Promise.reject(new Error('the line was cut')) : connection.executeQuery(query),
      streamQuery: (query, size) => connection.streamQuery(query, size),
    };
  }

  beginTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#driver.beginTransaction(connection, {});
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { next, staysDown } = this.#line;
    this.#line.next = 'answers';
    if (next === 'is cut before') await this.#driver.rollbackTransaction(connection);
    else await this.#driver.commitTransaction(connection);
    if (next === 'answers') return;
    this.#line.isDown = staysDown;
    throw new Error('the line was cut');
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#driver.rollbackTransaction(connection);
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#driver.releaseConnection(connection);
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
}

async function attemptsIn(store: SqlStore): Promise<number | undefined> {
  return (await store.tallies({ fromMs: 0, toMs: 1, width: 'minute' }))[0]?.attempts;
}
