/** A sandbox of real Envoys is changed while it runs: the same effects as on the Node proxies, one Envoy at a time. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { identityOf, isGone } from '../../deploy/sandbox/process-identity.ts';
import { AT_FIRST, EFFECTS, REALITY, shown } from '../flow/sandbox-set-effects.ts';
import { KeptSandboxes } from '../flow/sandbox-kept.ts';
import { podAddress, start } from '../flow/sandbox-scenario.ts';
import { descendantsOf } from '../support/cli-process.ts';
import { realEnvoy } from '../support/envoy.ts';
import { OpenCall } from '../support/open-call.ts';
import { PAIR } from '../support/sandbox-sweep.ts';

const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false, timeout: 60_000 };
const binary = 'binary' in envoy ? envoy.binary : '';

const folder = await mkdtemp(join(tmpdir(), 'mp-'));
process.env['XDG_RUNTIME_DIR'] = folder;
t.teardown(() => rm(folder, { recursive: true }));

/** Pids of Envoys that are children of this process. */
async function envoys(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
  const lines = stdout.split('\n').filter((line) => line.includes('--disable-hot-restart'));
  return lines.map((line) => line.trim().split(' ')[0] ?? '');
}

t.test('each change is in force when it has resolved, alone, and until it is reset', options, async (t) => {
  await using sandbox = await start(REALITY, undefined, binary);
  t.equal(await shown(sandbox), AT_FIRST);
  for (const [change, effect] of EFFECTS) {
    const why = JSON.stringify(change);
    await sandbox.set([change]);
    t.equal(await shown(sandbox), effect, why);
    await sandbox.reset();
    t.equal(await shown(sandbox), AT_FIRST, `after ${why}`);
  }
  const [own = ''] = await readdir(join(folder, 'meshproof'));
  t.equal((await readdir(join(folder, 'meshproof', own))).length, 3, 'of the Envoys before nothing is left');
});

t.test('only the Envoys that are concerned start anew, and connections of others go on', options, async (t) => {
  await using sandbox = await start(REALITY, undefined, binary);
  await sandbox.set([{ target: 'shop/pay', mode: 'PERMISSIVE' }]);
  const front = sandbox.capturePoint('web/front') ?? { host: '', port: 0 };
  await using toCart = await OpenCall.to(podAddress(sandbox, 'shop/cart', 8080));
  await using byFront = await OpenCall.to(front, sandbox.network.serviceAddress('old/batch', 80));
  await using toPay = await OpenCall.to(podAddress(sandbox, 'shop/pay', 8080));
  for (const one of [toCart, byFront, toPay]) t.match(await one.ask(), /^HTTP\/1\.1 200/);
  const before = await envoys();
  await sandbox.set([{ target: 'shop/pay', mode: 'STRICT' }]);
  const after = await envoys();
  t.equal(after.length, 3);
  t.equal(after.filter((pid) => !before.includes(pid)).length, 1);
  for (const one of [toCart, byFront]) t.match(await one.ask(), /^HTTP\/1\.1 200/);
  t.equal(await toPay.ask(), 'ended');
  await sandbox.set([{ target: 'shop/pay', app: 'none' }]);
  t.strictSame(await envoys(), after, 'an application is none of their business');
});

/** An Envoy that does not start as often as the file says, from then on. */
async function moody(): Promise<{ readonly path: string; readonly refuse: (times: number) => Promise<void> }> {
  const path = join(folder, 'envoy.sh');
  const times = join(folder, 'times');
  const refuse = (count: number): Promise<void> => writeFile(times, 'x'.repeat(count));
  await refuse(0);
  const script = `#!/bin/sh
if [ -s ${times} ]; then head -c -1 ${times} > ${times}.less; mv ${times}.less ${times}; echo "not today"; exit 1; fi
exec ${binary} "$@"
`;
  await writeFile(path, script);
  await chmod(path, 0o700);
  return { path, refuse };
}

t.test('where a change cannot be applied, the old state stands', options, async (t) => {
  const { path, refuse } = await moody();
  await using sandbox = await start(REALITY, undefined, path);
  const change = { target: 'shop/pay', mode: 'PERMISSIVE' } as const;
  await refuse(1);
  await t.rejects(sandbox.set([change]), { code: 'MPE_DATA_PLANE_FAILED', message: /shop\/pay ended [^]*not today/ });
  t.equal(await shown(sandbox), AT_FIRST);
  t.strictSame(await sandbox.changed(), []);
  t.notOk(sandbox.failed.aborted);
  await refuse(2);
  await t.rejects(sandbox.set([change]), { code: 'MPE_DATA_PLANE_FAILED', message: /cannot be brought back/ });
  t.ok(sandbox.failed.aborted, 'nobody may take this for a mesh any more');
  await t.rejects(sandbox.reset(), { code: 'MPE_DATA_PLANE_FAILED' });
});

t.test('Envoys whose owner was killed are ended by the next start, whatever it starts', options, async (t) => {
  const kept = new KeptSandboxes(folder, { ENVOY_BIN: binary });
  await using owner = await kept.up(PAIR, '--data-plane', 'envoy');
  const orphans = await Promise.all((await descendantsOf(owner.pid)).map(identityOf));
  t.equal(orphans.length, 2);
  owner.kill('SIGKILL');
  await owner.ended;
  t.strictSame(await Promise.all(orphans.map(isGone)), [false, false], 'they do not know');
  await using next = await kept.up(PAIR);
  t.strictSame(await Promise.all(orphans.map(isGone)), [true, true]);
  t.equal((await readdir(join(folder, 'meshproof'))).length, 1);
  t.ok(next);
});
