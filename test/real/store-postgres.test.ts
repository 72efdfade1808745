/** The store in a real PostgreSQL does what every store does. */
import fc from 'fast-check';
import t from 'tap';
import { openStore } from '../../controller/store/open-store.ts';
import { Postgres, realPostgres } from '../support/postgres.ts';
import { CONTRACT } from '../support/store/contract.ts';
import { firstVersion, readsFirstVersion } from '../support/store/first-version.ts';
import { anySteps, holdTheLaw } from '../support/store/law.ts';
import { changes, propagation, route, tally } from '../support/store/samples.ts';

const real = realPostgres();

if ('missing' in real) {
  t.pass('no PostgreSQL', { skip: real.missing });
} else {
  const postgres = await Postgres.start(real.programs);
  t.teardown(() => postgres[Symbol.asyncDispose]());

  for (const { says, holds } of CONTRACT) {
    t.test(says, async (t) => {
      const url = await postgres.database();
      await holds(t, (retention) => openStore(url, retention === undefined ? {} : { retention }));
    });
  }

  t.test('whatever is committed, read and trimmed, it agrees with the oracle', async (t) => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        runs += 1;
        const url = await postgres.database();
        await holdTheLaw((retention) => openStore(url, { retention }), steps);
      }),
      { numRuns: 12 },
    );
    t.ok(runs >= 12);
  });

  t.test('what the first version wrote is read by this one', async (t) => {
    const url = await postgres.database();
    await postgres.query(firstVersion('postgres'), new URL(url).pathname.slice(1));
    await using store = await openStore(url);
    await readsFirstVersion(t, store);
  });

  t.test('several that open a new database at once all get it', async (t) => {
    const url = await postgres.database();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(url)));
    for (const [index, store] of stores.entries()) {
      t.equal((await store.takeOver()).lastEventId, index);
      await store.commit(changes({ events: [propagation(1)] }));
      await store[Symbol.asyncDispose]();
    }
  });

  t.test('a table that is rewritten every second does not grow', async (t) => {
    await using store = await openStore(await postgres.database());
    await store.takeOver();
    const sizes: number[] = [];
    for (let round = 1; round <= 30; round += 1) {
      const routes = Array.from({ length: 200 }, (_, index) => route(`route ${String(index)}`, index + 1, round));
      await store.commit(changes({ routes, tallies: [tally(0, 1)] }));
      sizes.push(await store.sizeBytes());
    }
    t.equal(sizes.at(-1), sizes[9]);
  });
}
