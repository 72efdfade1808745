import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Right } from '../../../../../controller/web/access/access.ts';
import { parseTokens, tokenFileAccess } from '../../../../../controller/web/access/token-file.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const GET: Right = { resource: 'sweeps', verb: 'get' };
const CREATE: Right = { resource: 'sweeps', verb: 'create' };
const never = new AbortController().signal;
const HEX = createHash('sha256').update('a-token-that-is-kept-elsewhere').digest('hex');

interface Scene extends AsyncDisposable {
  readonly path: string;
  readonly clock: ManualClock;
  readonly warnings: string[];
  readonly write: (content: string) => Promise<void>;
}

async function scene(content: string): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-tokens-'));
  const path = join(folder, 'tokens');
  await writeFile(path, content);
  const clock = new ManualClock();
  return {
    path,
    clock,
    warnings: [],
    // As a mounted Secret changes: another file in the same place.
    write: async (next) => {
      await writeFile(`${path}.next`, next);
      await rename(`${path}.next`, path);
      await clock.advance(1001);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

t.test('tokens as they are or as their digest; to write includes to read', async (t) => {
  const content = `# who may look\n\noncall read a-long-enough-token\nci\twrite  sha256:${HEX.toUpperCase()}\n`;
  await using here = await scene(content);
  const access = await tokenFileAccess(here.path, {
    clock: here.clock,
    log: { warn: (text) => here.warnings.push(text) },
  });
  const cases: readonly (readonly [token: string, right: Right, expected: object])[] = [
    ['a-long-enough-token', GET, { kind: 'admitted', name: 'oncall' }],
    ['a-long-enough-token', CREATE, { kind: 'forbidden', name: 'oncall', why: 'oncall may not create sweeps' }],
    ['a-token-that-is-kept-elsewhere', GET, { kind: 'admitted', name: 'ci' }],
    ['a-token-that-is-kept-elsewhere', CREATE, { kind: 'admitted', name: 'ci' }],
    [`sha256:${HEX}`, GET, { kind: 'unauthenticated', why: 'the token is not in the token file' }],
    ['', GET, { kind: 'unauthenticated', why: 'the token is not in the token file' }],
  ];
  for (const [token, right, expected] of cases) t.same(await access.admit(token, right, never), expected, token);
  t.same(here.warnings, []);
});

t.test('a change is followed within a second, and what was withdrawn is not let in again', async (t) => {
  await using here = await scene('a read first-token-first-token\n');
  const access = await tokenFileAccess(here.path, {
    clock: here.clock,
    log: { warn: (text) => here.warnings.push(text) },
  });
  const kind = async (token: string): Promise<string> => (await access.admit(token, GET, never)).kind;
  t.equal(await kind('first-token-first-token'), 'admitted');
  await here.write('b read other-token-other-token\n');
  t.equal(await kind('first-token-first-token'), 'unauthenticated');
  t.equal(await kind('other-token-other-token'), 'admitted');

  await here.write('b reads other-token-other-token\n');
  t.equal(await kind('other-token-other-token'), 'unavailable', 'a file that cannot be understood lets nobody in');
  await here.clock.advance(5000);
  t.equal(await kind('other-token-other-token'), 'unavailable');
  t.same(here.warnings, [`${here.path}:1: the second word is neither read nor write`], 'said once');
  await rm(here.path);
  await here.clock.advance(1001);
  t.equal(await kind('other-token-other-token'), 'unavailable', 'nor does one that is gone');
  await here.write('b read other-token-other-token\n');
  t.equal(await kind('other-token-other-token'), 'admitted', 'until it is right again');
});

t.test('what is wrong is said with its line, and never with the token', (t) => {
  const cases: readonly (readonly [content: string, message: string])[] = [
    ['a reads secret-secret-secret', 'f:1: the second word is neither read nor write'],
    ['\na read', 'f:2: the token is missing'],
    ['a read short-secret', 'f:1: the token has less than 16 characters and can be guessed'],
    ['a read sha256:12', 'f:1: sha256: is not followed by 64 hexadecimal digits'],
    ['a read secret-secret-secret more', 'f:1: there are words after the token'],
  ];
  for (const [content, message] of cases) {
    t.throws(() => parseTokens(content, 'f'), { code: 'MPE_UNREADABLE_INPUT', message }, message);
    try {
      parseTokens(content, 'f');
    } catch (error) {
      t.notMatch(String(error), /secret/);
    }
  }
  t.end();
});

t.test('a file that is not there is said at once', async (t) => {
  const deps = { clock: new ManualClock(), log: { warn: () => undefined } };
  await t.rejects(tokenFileAccess('/nowhere/tokens', deps), {
    code: 'MPE_UNREADABLE_INPUT',
    message: 'the token file /nowhere/tokens cannot be read',
  });
});
