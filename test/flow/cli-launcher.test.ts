/** The launcher in bin/: under an old Node it hands over to the right one, and nobody can tell the difference. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { CliProcess, descendantsOf, LAUNCHER } from '../support/cli-process.ts';

const folder = t.testdir({
  'old-node.cjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });`,
  'mesh.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
});
/** A process that takes itself for Node 20. */
const old = { cwd: folder, nodeOptions: ['--require', join(folder, 'old-node.cjs')] };
const LISTEN = ['expect', '-f', 'mesh.yaml', '--flows', '-', '-o', 'ndjson'];
const FLOW = '{"id":"1","source":"shop/web","target":"shop/pay","port":8080,"probe":"http"}\n';

for (const [what, setting] of [
  ['a new Node', { cwd: folder }],
  ['an old Node', old],
] as const) {
  t.test(`under ${what}, arguments, streams, signals and exit status pass through`, async (t) => {
    await using wrong = new CliProcess(['matrix', '--sandbox', 'two words'], setting);
    t.same(await wrong.ended, { status: 64, signal: null });
    t.match(wrong.stderr, 'two words');
    t.equal(wrong.stdout, '');

    await using listening = new CliProcess(LISTEN, setting);
    listening.write(FLOW);
    await listening.says('stdout', '"id":"1"');
    listening.kill('SIGINT');
    t.same(await listening.ended, { status: 130, signal: null }, 'answered at once, and ended by ^C');
  });
}

t.test('a child that is killed takes the launcher with it, by the same signal', async (t) => {
  await using listening = new CliProcess(LISTEN, old);
  listening.write(FLOW);
  await listening.says('stdout', '"id":"1"');
  const [child = 0] = await descendantsOf(listening.pid);
  process.kill(child, 'SIGKILL');
  t.same(await listening.ended, { status: null, signal: 'SIGKILL' });
});

t.test('without any suitable Node it says which one it needs, and how to get it', (t) => {
  const lonely = mkdtempSync(join(tmpdir(), 'meshproof-launcher-'));
  t.teardown(() => {
    rmSync(lonely, { recursive: true });
  });
  const launcher = join(lonely, 'meshproof.mjs');
  cpSync(LAUNCHER, launcher);
  const { status, stderr } = spawnSync(process.execPath, [...old.nodeOptions, launcher], { encoding: 'utf8', env: {} });
  t.equal(status, 1);
  t.match(stderr, 'needs Node 24 or later, this is 20.19.0');
  t.match(stderr, 'npm install node@24');
  t.end();
});

t.test('started as kubectl-meshproof it is a kubectl plugin, by way of an old Node as well', (t) => {
  const link = join(t.testdir({}), 'kubectl-meshproof');
  symlinkSync(LAUNCHER, link);
  for (const options of [[], old.nodeOptions]) {
    const { status, stdout } = spawnSync(process.execPath, [...options, link, '--help'], { encoding: 'utf8' });
    t.equal(status, 0);
    t.match(stdout, /^Usage: kubectl meshproof/);
  }
  t.end();
});
