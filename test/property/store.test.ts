import fc from 'fast-check';
import t from 'tap';
import { openStore } from '../../controller/store/open-store.ts';
import { anySteps, holdTheLaw } from '../support/store/law.ts';

t.test('whatever is committed, read and trimmed, a store in SQLite agrees with the oracle', async (t) => {
  const folder = t.testdir();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      runs += 1;
      const path = `${folder}/${String(runs)}.sqlite`;
      await holdTheLaw((retention) => openStore(path, { retention }), steps);
    }),
    { numRuns: 40 },
  );
  t.ok(runs >= 40);
});
