import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import t from 'tap';
import { readBearerToken } from '../../../agent/bearer-token.ts';

t.test('a token is read without the line end that files have', async (t) => {
  const file = join(t.testdir(), 'token');
  await writeFile(file, 'abc.def-1\n');
  t.equal(await readBearerToken(file), 'abc.def-1');
});

t.test('what is no token is refused without a word of what it is', async (t) => {
  const file = join(t.testdir(), 'token');
  for (const text of ['', '\n', 'two words', 'PLANTED\u0001secret', 'PLANTED\nsecret', 'PLANTEDé']) {
    await writeFile(file, text);
    await t.rejects(
      readBearerToken(file),
      { code: 'MPE_INVALID_CONFIG', message: `${file} holds no token that could be sent` },
      JSON.stringify(text),
    );
  }
});
