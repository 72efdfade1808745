/** `sandbox up`, `set`, `reset` and `status` from the command line, and what is told where they cannot. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { PAIR } from '../support/sandbox-sweep.ts';
import { KeptSandboxes } from './sandbox-kept.ts';

let folder = '';
let kept = new KeptSandboxes('');
t.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mp-'));
  kept = new KeptSandboxes(folder);
});
t.afterEach(() => rm(folder, { recursive: true }));

t.test('where nothing runs, one is told how to start something: 69', async (t) => {
  for (const args of [['set', 'pay:8080', 'mode=STRICT'], ['reset'], ['status']]) {
    const { status, stdout, stderr } = await kept.run('sandbox', ...args);
    t.equal(status, 69, args.join(' '));
    t.match(stderr, /MPE_SANDBOX_NOT_RUNNING[^]*sandbox up shop/);
    t.equal(stdout, '');
  }
});

t.test('an owner that was killed leaves nothing that is in the way of the next', async (t) => {
  await using killed = await kept.up(PAIR);
  killed.kill('SIGKILL');
  await killed.ended;
  t.equal((await kept.run('sandbox', 'status')).status, 69);
  t.equal((await readdir(join(folder, 'meshproof'))).length, 1, 'its folder stays for now');
  await using next = await kept.up(PAIR);
  t.match((await kept.run('sandbox', 'status')).stdout, new RegExp(`process +${String(next.pid)},`));
  t.match(await readdir(join(folder, 'meshproof')), [new RegExp(`^sandbox\\.\\d+\\.${String(next.pid)}\\.`)]);
});

t.test('a second sandbox of a scenario is a usage error; with two scenarios the name has to be given', async (t) => {
  await using pair = await kept.up(PAIR);
  await using healthy = await kept.up('healthy');
  t.ok(healthy);
  const second = await kept.run('sandbox', 'up', PAIR);
  t.equal(second.status, 64);
  t.match(second.stderr, new RegExp(`process ${String(pair.pid)} keeps up sandbox pair since`));
  const which = await kept.run('sandbox', 'reset');
  t.equal(which.status, 64);
  t.match(which.stderr, /which sandbox\? pair \(process \d+\), healthy \(process \d+\) run[^]*--scenario/);
  const misspelt = await kept.run('sandbox', 'reset', '--scenario', 'helthy');
  t.equal(misspelt.status, 69);
  t.match(misspelt.stderr, 'Did you mean healthy?');
  for (const name of [PAIR, basename(PAIR), 'healthy']) {
    t.equal((await kept.run('sandbox', 'reset', '--scenario', name)).status, 0, name);
  }
});
