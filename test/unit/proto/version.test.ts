import { readFile } from 'node:fs/promises';
import t from 'tap';
import { VERSION } from '../../../proto/version.ts';

t.test('the version that is said on the wire is the version of the package', async (t) => {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  t.match(JSON.parse(text), { version: VERSION });
});
