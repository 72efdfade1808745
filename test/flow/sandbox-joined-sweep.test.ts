/** A sweep of the sandbox that another process keeps up, and is changed by a third. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import type { Cell, Sweep } from '../../controller/judge/finding.ts';
import { descendantsOf, isRunning } from '../support/cli-process.ts';
import { PAIR } from '../support/sandbox-sweep.ts';
import { KeptSandboxes, type Run } from './sandbox-kept.ts';

let folder = '';
let kept = new KeptSandboxes('');
t.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mp-'));
  kept = new KeptSandboxes(folder);
});
t.afterEach(() => rm(folder, { recursive: true }));

/** Keys of a sweep's cells with what was measured, in words. */
function measured({ stdout }: Run): ReadonlyMap<string, string> {
  const { cells } = JSON.parse(stdout) as Sweep;
  return new Map(cells.map((cell) => [words(cell), outcomeOf(cell)]));
}

function words({ table, vantage, target, probe }: Cell): string {
  const to = `${target.kind}:${target.name}:${String(target.port)}`;
  return `${table} ${vantage.namespace}/${vantage.serviceAccount} ${to} ${probe.kind} ${'alpn' in probe ? probe.alpn.join(' ') : ''}`;
}

function outcomeOf({ outcome }: Cell): string {
  if (outcome.kind === 'reached') return `reached ${outcome.transport}`;
  return outcome.kind === 'refused' ? `refused ${outcome.signature}` : outcome.kind;
}

/** Drawn from the fixture: 9090 is STRICT behind service port 90, and becomes PERMISSIVE. */
const FLIPPED = [
  'reachability outside/naked service:server:90 http : refused reset → reached plaintext',
  'transport meshproof/prober pod:server:9090 http : refused reset → reached plaintext',
  'transport meshproof/prober pod:server:9090 tls : refused certificate-required → refused reset',
];

t.test('a sweep joins the sandbox that runs, and sees exactly the cells that were flipped', async (t) => {
  await using sandbox = await kept.up(PAIR);
  const sweep = ['matrix', '--sandbox', PAIR, '-o', 'json'];
  const before = await kept.run(...sweep);
  t.equal(before.status, 0);
  t.match(before.stderr, /^Measuring the sandbox pair that runs since \S+Z \(process \d+\)\.$/m);
  t.notMatch(before.stderr, 'starting sandbox');

  const set = await kept.run('sandbox', 'set', 'server:9090', 'mode=PERMISSIVE');
  t.match(set, { status: 0, stdout: 'pair/server:9090 mode=PERMISSIVE   (was STRICT)\n', stderr: '' });
  const status = await kept.run('sandbox', 'status');
  t.match(
    status.stdout,
    /^Sandbox pair\n[^]*process +\d+, since [^]*pair\/server:9090 mode=PERMISSIVE {3}\(was STRICT\)/,
  );

  const after = await kept.run(...sweep);
  t.equal(after.status, 79, 'a STRICT port that takes plaintext is a violation');
  t.match(after.stderr, 'with pair/server:9090 mode=PERMISSIVE.');
  const was = measured(before);
  const flipped = [...measured(after)].filter(([cell, outcome]) => was.get(cell) !== outcome);
  t.strictSame(flipped.map(([cell, outcome]) => `${cell}: ${was.get(cell) ?? ''} → ${outcome}`).sort(), FLIPPED);

  const reset = await kept.run('sandbox', 'reset', '--scenario', 'pair');
  t.equal(reset.stdout, 'pair/server:9090 mode=STRICT   (was PERMISSIVE)\nIn force is what reality.yaml says.\n');
  const again = await kept.run('sandbox', 'reset');
  t.match(again.stdout, /^Nothing to change: so it was\.\n/);
  sandbox.kill('SIGINT');
  t.same(await sandbox.ended, { status: 0, signal: null });
  t.strictSame(await readdir(folder), []);
});

t.test('a sweep whose sandbox is killed has no verdict: 69, and its agents are gone', async (t) => {
  await using sandbox = await kept.up(PAIR);
  await using sweep = kept.start('matrix', '--sandbox', basename(PAIR));
  await sweep.says('stderr', 'starting agents');
  sandbox.kill('SIGKILL');
  const agents = await descendantsOf(sweep.pid);
  t.same(await sweep.ended, { status: 69, signal: null });
  t.match(sweep.stderr, /sandbox pair of process \d+ has ended while it was in use \(MPE_SANDBOX_NOT_RUNNING\)/);
  t.equal(sweep.stdout, '');
  t.strictSame(agents.filter(isRunning), []);
});
