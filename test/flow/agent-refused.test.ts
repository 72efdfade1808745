import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import t from 'tap';
import { startController } from '../support/servers/controller.ts';

const AGENT = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));

t.test('an agent that no controller takes dials again and again, and says why once', async (t) => {
  const folder = t.testdir();
  await using controller = await startController();
  await writeFile(join(folder, 'ca.pem'), controller.caPem);
  await writeFile(join(folder, 'token'), 'join-1');
  const env = {
    MESHPROOF_CONTROLLER: `${controller.address.host}:${String(controller.address.port)}`,
    MESHPROOF_CONTROLLER_CA: join(folder, 'ca.pem'),
    MESHPROOF_TOKEN_FILE: join(folder, 'token'),
    MESHPROOF_AGENT_ID: 'web',
    MESHPROOF_NAMESPACE: 'shop',
    MESHPROOF_SERVICE_ACCOUNT: 'web',
    MESHPROOF_DATA_PLANE: 'naked',
    MESHPROOF_LOG_LEVEL: 'info',
  };
  const agent = spawn(process.execPath, [AGENT], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  agent.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(agent, 'close');
  for (let dial = 0; dial < 3; dial += 1) {
    const stream = await controller.nextAgent();
    t.match(await stream.next(), { $case: 'hello', value: { protocol: 1 } });
    stream.fail(status.FAILED_PRECONDITION, 'the agent speaks protocol 1, this controller 2');
  }
  agent.kill('SIGTERM');
  await ended;
  const complaints = said.split('\n').filter((line) => line.includes('no session'));
  t.equal(complaints.length, 1);
  t.match(complaints[0], /FAILED_PRECONDITION: the agent speaks protocol 1, this controller 2/);
});
