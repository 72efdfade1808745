import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { writeAtomically } from '../../../../controller/publish/write-atomically.ts';

t.test('the file is whole, and no temporary file is left beside it', async (t) => {
  const folder = t.testdir({ 'out.json': 'before' });
  await writeAtomically(join(folder, 'out.json'), ['one, ', 'two']);
  t.equal(readFileSync(join(folder, 'out.json'), 'utf8'), 'one, two');
  t.same(readdirSync(folder), ['out.json']);
});

t.test('when the text fails to come, the old file stays as it was', async (t) => {
  const folder = t.testdir({ 'out.json': 'before' });
  const broken = (function* () {
    yield 'half';
    throw new Error('no more');
  })();
  await t.rejects(writeAtomically(join(folder, 'out.json'), broken), { message: 'no more' });
  t.equal(readFileSync(join(folder, 'out.json'), 'utf8'), 'before');
  t.same(readdirSync(folder), ['out.json']);
});

t.test('until the last piece has come, readers see the old text', async (t) => {
  const folder = t.testdir({ 'out.json': 'before' });
  const seen: string[] = [];
  const watched = (function* () {
    yield 'a';
    seen.push(readFileSync(join(folder, 'out.json'), 'utf8'));
    yield 'b';
  })();
  await writeAtomically(join(folder, 'out.json'), watched);
  t.same(seen, ['before']);
});

t.test('a symbolic link stays one, and the file behind it is replaced', async (t) => {
  const folder = t.testdir({});
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'out.json'), 'before');
  symlinkSync(join(folder, 'real', 'out.json'), join(folder, 'link.json'));
  await writeAtomically(join(folder, 'link.json'), ['after']);
  t.ok(lstatSync(join(folder, 'link.json')).isSymbolicLink());
  t.equal(readFileSync(join(folder, 'real', 'out.json'), 'utf8'), 'after');
});

t.test("a folder that is not there is the operator's fault, and says so", async (t) => {
  const path = join(t.testdir({}), 'nowhere', 'out.json');
  await t.rejects(writeAtomically(path, ['x']), { code: 'MPE_INVALID_CONFIG', message: /cannot write .*out\.json/ });
});
