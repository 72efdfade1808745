/** What can go wrong with a real PostgreSQL, and that a store goes on when it is right again. */
import { inspect } from 'node:util';
import t from 'tap';
import { openStore } from '../../controller/store/open-store.ts';
import { postgresPool } from '../../controller/store/postgres-pool.ts';
import type { Changes, Store } from '../../controller/store/store.ts';
import type { MeshproofError } from '../../proto/errors.ts';
import { PASSWORD, Postgres, realPostgres } from '../support/postgres.ts';
import { changes, propagation, route, tally, transition } from '../support/store/samples.ts';

const real = realPostgres();
const CUTS = 60;

if ('missing' in real) {
  t.pass('no PostgreSQL', { skip: real.missing });
} else {
  const postgres = await Postgres.start(real.programs);
  t.teardown(() => postgres[Symbol.asyncDispose]());

  t.test('what the database refuses is told with what to do, and without the password', async (t) => {
    await postgres.query(`create role reader login password '${PASSWORD}'`);
    const empty = await postgres.database();
    const cases: readonly (readonly [url: string, message: RegExp, hint: RegExp])[] = [
      [postgres.url('postgres', { password: 'swordfish' }), /password authentication failed/, /user and password/],
      [postgres.url('postgres', { user: 'nobody' }), /password authentication failed/, /user and password/],
      [postgres.url('nothing'), /database "nothing" does not exist/, /createdb/],
      [postgres.url(nameOf(empty), { user: 'reader' }), /permission denied/, /right to create tables/],
      [`${empty}&options=-c%20default_transaction_read_only%3Don`, /read-only/, /primary/],
    ];
    for (const [url, message, hint] of cases) {
      const error = await failureOf(openStore(url));
      t.equal(error.code, 'MPE_STORE_FAILED', String(message));
      t.match(error.message, message);
      t.match(error.hint, hint);
      const told = inspect(error, { depth: 20, showHidden: true });
      const secrets = [PASSWORD, encodeURIComponent(PASSWORD), 'swordfish'];
      t.strictSame(
        secrets.filter((secret) => told.includes(secret)),
        [],
      );
    }
  });

  t.test('a lock that somebody holds is told when its time is over', async (t) => {
    const url = await postgres.database();
    await using store = await openStore(url, { timeoutMs: 300 });
    await store.takeOver();
    await using holder = await postgres.connect(nameOf(url));
    await holder.query('begin; update mp_meta set term = term');
    const change = changes({ events: [propagation(1)] });
    const error = await failureOf(store.commit(change));
    t.match(error, { code: 'MPE_STORE_FAILED', message: /(lock|statement) timeout/ });
    t.strictSame(await store.events({ limit: 9 }), [], 'reading goes on');
    await holder.query('rollback');
    t.equal((await store.commit(change))[0]?.id, 1);
  });

  t.test('a leader that falls silent in the middle of a transaction does not hold the standby back', async (t) => {
    const url = await postgres.database();
    await using standby = await openStore(url, { timeoutMs: 5000 });
    const pool = postgresPool(url, { timeoutMs: 300 });
    t.teardown(() => pool.end());
    const leader = await pool.connect();
    await leader.query('begin', []);
    await leader.query('update mp_meta set term = term', []);
    t.equal((await standby.takeOver()).lastEventId, 0);
    await t.rejects(leader.query('commit', []));
    leader.release();
  });

  t.test('commits whose connection is cut are there once, or not at all', async (t) => {
    const url = await postgres.database();
    await using store = await openStore(url);
    await store.takeOver();
    await using knife = await postgres.connect('postgres');
    const stored: number[] = [];
    let refused = 0;
    for (let sequence = 1; sequence <= CUTS; sequence += 1) {
      const commit = untilStored(
        store,
        changes({ events: [transition('web', sequence)], tallies: [tally(0, 1)] }),
        () => (refused += 1),
      );
      await knife.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'meshproof' and datname = '${nameOf(url)}'`,
      );
      stored.push(...(await commit));
    }
    t.ok(refused > 0, `${String(refused)} commits were refused and tried again`);
    const all = Array.from({ length: CUTS }, (_, index) => index + 1);
    t.strictSame(stored, all);
    const events = await store.events({ limit: 1000 });
    t.strictSame(
      events.map(({ id, event }) => [id, event.kind === 'transition' ? event.sequence : 0]),
      all.map((number) => [number, number]),
    );
    t.equal((await store.tallies({ fromMs: 0, toMs: 1, width: 'hour' }))[0]?.attempts, CUTS);
  });

  t.test('a database that crashes and is back goes on, and nothing that it acknowledged is lost', async (t) => {
    await using store = await openStore(await postgres.database(), { timeoutMs: 3000 });
    await store.takeOver();
    for (let round = 1; round <= 3; round += 1) {
      await store.commit(changes({ routes: [route('web', 1, round)], events: [transition('web', round)] }));
      await postgres.crash();
      const next = changes({ events: [propagation(round)] });
      t.match(await failureOf(store.commit(next)), { code: 'MPE_STORE_FAILED', hint: /database is up/ });
      await t.rejects(store.events({ limit: 1 }), { code: 'MPE_STORE_FAILED' });
      await postgres.begin();
      t.equal((await store.commit(next))[0]?.id, round * 2);
    }
    const { routes, lastEventId } = await store.takeOver();
    t.strictSame(routes, [route('web', 1, 3)]);
    t.equal(lastEventId, 6);
  });
}

async function untilStored(store: Store, change: Changes, onRefusal: () => void): Promise<readonly number[]> {
  for (;;) {
    try {
      return (await store.commit(change)).map(({ id }) => id);
    } catch (error) {
      if ((error as MeshproofError).code !== 'MPE_STORE_FAILED') throw error;
      onRefusal();
    }
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function failureOf(work: Promise<unknown>): Promise<MeshproofError> {
  try {
    await work;
  } catch (error) {
    return error as MeshproofError;
  }
  throw new Error('it did not fail');
}
