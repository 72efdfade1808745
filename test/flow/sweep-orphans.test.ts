import t from 'tap';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../support/processes.ts';
import { systemClock } from '../../proto/system-clock.ts';

const PROGRAM = fileURLToPath(new URL('../support/sweep-until-killed.ts', import.meta.url));

t.test('agents end when their controller is killed and can end nobody', async (t) => {
  const env = { ...process.env, TMPDIR: t.testdir() };
  const controller = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(controller.stdout.setEncoding('utf8'), 'data')) as [string];
  const pids = JSON.parse(line) as readonly number[];
  t.equal(pids.length, 4);
  t.ok(pids.every(isAlive));
  const ended = once(controller, 'exit');
  controller.kill('SIGKILL');
  await ended;
  const untilMs = systemClock.monotonicMs() + 20_000;
  while (pids.some(isAlive) && systemClock.monotonicMs() < untilMs) await systemClock.sleep(20);
  t.same(pids.filter(isAlive), []);
});
