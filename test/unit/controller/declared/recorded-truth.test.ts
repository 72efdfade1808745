import { readdir } from 'node:fs/promises';
import t from 'tap';
import { compareSet } from '../../../support/recorded-flows.ts';

const FOLDER = 'test/fixtures/truth';

const sets = (await readdir(FOLDER)).filter((name) => /^\d+$/.test(name)).sort();

t.test('the engine says of every recorded flow what a real mesh did', async (t) => {
  t.equal(sets.length, 9);
  for (const set of sets) {
    const { flows, disagreements } = await compareSet(FOLDER, set);
    t.ok(flows > 50, `set ${set} holds flows`);
    t.strictSame(disagreements, [], `set ${set}`);
  }
});
