import { readdir } from 'node:fs/promises';
import t from 'tap';
import { compareSet } from '../support/recorded-flows.ts';

const folder = process.env['MESHPROOF_TRUTH'];
const skip = folder === undefined ? 'MESHPROOF_TRUTH names no folder with recordings' : false;

t.test('the engine agrees with every recording of a real mesh', { skip, timeout: 120_000 }, async (t) => {
  const root = folder ?? '';
  const sets = (await readdir(root)).filter((name) => /^\d+$/.test(name)).sort();
  t.ok(sets.length > 0, 'there are recordings');
  for (const set of sets) {
    const { flows, disagreements } = await compareSet(root, set);
    t.ok(flows > 0, `set ${set} holds flows`);
    t.strictSame(disagreements, [], `set ${set}`);
  }
});
