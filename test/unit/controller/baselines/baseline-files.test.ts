import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { baselineFiles, baselineFolder, saveBaselineFile } from '../../../../controller/baselines/baseline-files.ts';
import { baselineListTable } from '../../../../controller/publish/baseline.ts';
import { baseline } from '../../../support/baselines.ts';

const SIGNAL = new AbortController().signal;
const BEFORE = baseline('legacy/batch (naked) → shop/pay:80 http: closed');

t.test('the folder is in the state of the user, one a scenario', (t) => {
  const shop = { name: 'shop', folder: '/opt/scenarios/shop', isOurs: true };
  const cases: readonly (readonly [env: Readonly<Record<string, string>>, folder: string])[] = [
    [{ XDG_STATE_HOME: '/state', HOME: '/home/me' }, '/state/meshproof/baselines/shop'],
    [{ XDG_STATE_HOME: '', HOME: '/home/me' }, '/home/me/.local/state/meshproof/baselines/shop'],
    [{ XDG_STATE_HOME: 'relative', HOME: '/home/me' }, '/home/me/.local/state/meshproof/baselines/shop'],
  ];
  for (const [env, folder] of cases) t.equal(baselineFolder(env, shop), folder);
  const [one, other] = ['/a/shop', '/b/shop'].map((folder) =>
    baselineFolder({ XDG_STATE_HOME: '/state' }, { name: 'shop', folder, isOurs: false }),
  );
  t.match(one, /^\/state\/meshproof\/baselines\/shop-[0-9a-f]{8}$/);
  t.not(one, other);
  t.end();
});

t.test('a baseline is kept whole, listed, read and deleted', async (t) => {
  const folder = join(t.testdir({}), 'not', 'there', 'yet');
  const store = baselineFiles(folder, 'the baselines of sandbox shop');
  t.same(await store.list(SIGNAL), []);
  t.notOk(await store.has('before', SIGNAL));
  await store.save(BEFORE, false, SIGNAL);
  t.same(await readdir(folder), ['before.json.gz']);
  t.same(await store.load('before', SIGNAL), BEFORE);
  t.match(await store.list(SIGNAL), [{ name: 'before', cells: 1, violations: 0 }]);
  await t.rejects(store.save(BEFORE, false, SIGNAL), {
    message: 'the baselines of sandbox shop already hold a baseline before',
  });
  await store.save({ ...BEFORE, sweepId: 'another' }, true, SIGNAL);
  t.equal((await store.load('before', SIGNAL)).sweepId, 'another');
  await store.delete('before', SIGNAL);
  await t.rejects(store.delete('before', SIGNAL), { code: 'MPE_USAGE' });
  await t.rejects(store.load('../before', SIGNAL), { code: 'MPE_USAGE' });
});

t.test('a file that is no baseline is told by its path', async (t) => {
  const folder = t.testdir({});
  await writeFile(join(folder, 'bad.json.gz'), 'neither');
  await t.rejects(baselineFiles(folder, 'x').load('bad', SIGNAL), {
    code: 'MPE_UNREADABLE_INPUT',
    message: `${folder}/bad.json.gz is no JSON: Unexpected token 'e', "neither" is not valid JSON`,
  });
});

t.test('a list names what cannot be read, and the rest; what no baseline can be called is not in it', async (t) => {
  const folder = t.testdir({});
  const store = baselineFiles(folder, 'the baselines of sandbox shop');
  await store.save(BEFORE, false, SIGNAL);
  await writeFile(join(folder, 'bad.json.gz'), 'neither');
  await writeFile(join(folder, 'Not A Name.json.gz'), '');
  const kept = await store.list(SIGNAL);
  t.match(kept, [
    { name: 'bad', trouble: /bad\.json\.gz\s+is\s+no\s+JSON/ },
    { name: 'before', cells: 1, trouble: undefined },
  ]);
  t.equal(kept.length, 2);
  const table = baselineListTable(kept, store.place, { columns: 200, hasColour: false });
  t.match(table, /\nbad +cannot be read +- +- +-\nbefore +2026-/);
  t.match(table, /\n\nbad cannot be read:\s[^]*bad\.json\.gz\s+is\s+no\s+JSON/);
});

t.test('a folder that cannot be made is told with what to do', async (t) => {
  const folder = t.testdir({ file: '' });
  await t.rejects(baselineFiles(join(folder, 'file', 'x'), 'x').save(BEFORE, false, SIGNAL), {
    code: 'MPE_INVALID_CONFIG',
    hint: /XDG_STATE_HOME/,
  });
});

t.test('for a pipeline it is one file, compressed where its name says so', async (t) => {
  const folder = t.testdir({});
  const plain = await saveBaselineFile(join(folder, 'before.json'), BEFORE);
  const compressed = await saveBaselineFile(join(folder, 'before.json.gz'), BEFORE);
  t.ok(compressed.sizeBytes < plain.sizeBytes);
});
