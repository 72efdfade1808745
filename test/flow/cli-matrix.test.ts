/** `meshproof matrix` over the embedded mesh, as a child process: verdicts, streams, files, and what is left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { Sweep } from '../../controller/judge/finding.ts';
import { CliProcess, descendantsOf, isRunning } from '../support/cli-process.ts';

const schemaFile = new URL('../../deploy/schema/sweep.schema.json', import.meta.url);

t.test('the shop has violations: 79, a whole and valid document in the file, progress on stderr only', async (t) => {
  const folder = t.testdir({});
  const file = join(folder, 'sweep.json');
  await using matrix = new CliProcess(['matrix', '--sandbox', 'shop', '-o', 'json', '--output-file', file]);
  t.same(await matrix.ended, { status: 79, signal: null });
  t.equal(matrix.stdout, '');
  t.match(matrix.stderr, /agents: (\d+) of \1 connected\n/);
  t.notMatch(matrix.stderr, '\r');
  t.same(readdirSync(folder), ['sweep.json']);
  const sweep = JSON.parse(readFileSync(file, 'utf8')) as Sweep;
  const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(
    JSON.parse(readFileSync(schemaFile, 'utf8')) as object,
  );
  validate(sweep);
  t.same(validate.errors ?? [], []);
  t.equal(sweep.verdict.value, 'fail');
});

t.test('the healthy mesh passes: 0, the table on stdout, nothing on stderr when quiet', async (t) => {
  await using matrix = new CliProcess(['matrix', '--sandbox', 'healthy', '--quiet']);
  t.same(await matrix.ended, { status: 0, signal: null });
  t.equal(matrix.stderr, '');
  t.match(matrix.stdout, /^Reachability: .*\nPASS: .*\n$/s);
  t.notMatch(matrix.stdout, '\u001b', 'no colours in a pipe');
});

t.test('^C in the middle of a sweep ends with 130, prints no half result and leaves nothing behind', async (t) => {
  const temporary = t.testdir({});
  await using matrix = new CliProcess(['matrix', '--sandbox', 'shop'], { env: { TMPDIR: temporary } });
  await matrix.says('stderr', 'agents:');
  const children = await descendantsOf(matrix.pid);
  t.ok(children.length > 0, 'agents are running');
  matrix.kill('SIGINT');
  t.same(await matrix.ended, { status: 130, signal: null });
  t.equal(matrix.stdout, '');
  t.same(children.filter(isRunning), []);
  t.same(
    readdirSync(temporary).filter((name) => name.startsWith('meshproof')),
    [],
  );
});

t.test('a sweep that does not end in time has no verdict: 75', async (t) => {
  await using matrix = new CliProcess(['matrix', '--sandbox', 'healthy', '--timeout', '50ms']);
  t.same(await matrix.ended, { status: 75, signal: null });
  t.match(matrix.stderr, 'no verdict within 50 ms');
});

t.test('sandbox up prints addresses until ^C, which is its ordinary end', async (t) => {
  await using sandbox = new CliProcess(['sandbox', 'up', 'healthy']);
  await sandbox.says('stdout', 'curl -v http://127.');
  sandbox.kill('SIGINT');
  t.same(await sandbox.ended, { status: 0, signal: null });
});

t.test('the demo shows the shop, says what to do next, and is no failure', async (t) => {
  await using demo = new CliProcess(['demo', '-q']);
  t.same(await demo.ended, { status: 0, signal: null });
  t.match(demo.stdout, /\nFAIL: .*\n\nYou see .*\nNext: meshproof explain legacy\/batch shop\/pay -f .*manifests\n$/);
});

t.test('a reader that goes away early is no failure', async (t) => {
  const folder = t.testdir({ 'mesh.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n' });
  await using expect = new CliProcess(['expect', '-f', 'mesh.yaml'], { cwd: folder });
  expect.closeOutput();
  t.same(await expect.ended, { status: 0, signal: null });
  t.equal(expect.stderr, '');
});
