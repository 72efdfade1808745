import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { startController } from '../support/servers/controller.ts';

const MAIN = new URL('../../agent/main.ts', import.meta.url).pathname;

t.test('a wrong environment ends the agent at once, with every fault in words', async (t) => {
  const agent = spawn(process.execPath, [MAIN], {
    env: { MESHPROOF_DATA_PLANE: 'meshed' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(agent.stderr), once(agent, 'exit') as Promise<[number]>]);
  t.equal(code, 64);
  t.match(said, /MESHPROOF_DATA_PLANE is "meshed"; set it to one of/);
  t.match(said, /MESHPROOF_CONTROLLER is not set/);
});

for (const how of ['SIGTERM', 'SIGINT', 'the end of its standard input'] as const) {
  t.test(`an agent in session ends cleanly on ${how}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-process-test-'));
    await using controller = await startController();
    await writeFile(join(folder, 'ca.pem'), controller.caPem);
    await writeFile(join(folder, 'token'), 'join-1');
    const agent = spawn(process.execPath, [MAIN], {
      env: {
        MESHPROOF_CONTROLLER: `${controller.address.host}:${String(controller.address.port)}`,
        MESHPROOF_CONTROLLER_CA: join(folder, 'ca.pem'),
        MESHPROOF_TOKEN_FILE: join(folder, 'token'),
        MESHPROOF_AGENT_ID: 'web-1',
        MESHPROOF_NAMESPACE: 'shop',
        MESHPROOF_SERVICE_ACCOUNT: 'web',
        MESHPROOF_DATA_PLANE: 'naked',
        MESHPROOF_EXIT_ON_STDIN_END: '1',
        MESHPROOF_LOG_LEVEL: 'error',
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const ended = once(agent, 'exit');
    const said = text(agent.stderr);
    const stream = await controller.nextAgent();
    t.match(await stream.next(), { $case: 'hello' });
    const value = {
      resumeFrom: 1,
      credit: 8,
      heartbeatIntervalMs: 1,
      planVersion: 0,
      controllerTimeMs: 0,
      observedPeer: undefined,
    };
    stream.say({ $case: 'welcome', value });
    t.match(await stream.next(), { $case: 'heartbeat' });
    if (how === 'SIGTERM' || how === 'SIGINT') agent.kill(how);
    else agent.stdin.end();
    t.strictSame(await ended, [0, null]);
    t.equal(await said, '');
    await rm(folder, { recursive: true });
  });
}
