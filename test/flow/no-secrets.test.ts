import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CliProcess, descendantsOf } from '../support/cli-process.ts';
import { startFleet } from '../support/fleet-scene.ts';
import { PAIR, sweepScenario } from '../support/sandbox-sweep.ts';

const AGENT = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));
const PLANTED = 'PLANTED-a7f3c1d9e5';

/** Every file under a folder, with what it holds. Compiled modules are not ours to look at. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node-compile-cache'));
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path, 'latin1')] as const)));
}

t.test('a sweep that says all it can says no token and no key, and leaves no file', async (t) => {
  const before = process.env['TMPDIR'];
  const folder = t.testdir();
  process.env['TMPDIR'] = folder;
  delete process.env['XDG_RUNTIME_DIR'];
  t.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const said: string[] = [];
  let during: Promise<ReadonlyMap<string, string>> | undefined;
  const sweep = await sweepScenario(PAIR, {
    debug: (message) => said.push(message),
    onProgress: (event) => {
      if (event.kind === 'phase' && event.name === 'measure') during = filesIn(folder);
    },
  });
  const files = (await during) ?? new Map<string, string>();
  const secrets = [...files].filter(([path]) => /token$/.test(path)).map(([, text]) => text.trim());
  t.equal(secrets.length, 8, 'a join token and a mesh token for each of four agents');
  t.ok(secrets.every((secret) => secret.length > 20));
  t.ok(said.length > 4, 'it did say something');
  const output = [...said, JSON.stringify(sweep)].join('\n');
  for (const secret of secrets) t.notOk(output.includes(secret));
  t.notMatch(output, /PRIVATE KEY/);
  t.same([...(await filesIn(folder)).keys()], []);
});

t.test('what is secret in the operator’s environment goes to no agent and into no output', async (t) => {
  const folder = t.testdir();
  const env = { TMPDIR: folder, XDG_RUNTIME_DIR: folder, KUBE_TOKEN: PLANTED, AWS_SECRET_ACCESS_KEY: PLANTED };
  await using cli = new CliProcess(['-v', 'matrix', '--sandbox', PAIR, '-o', 'json'], { env });
  await cli.says('stderr', /is up as/);
  const agents = await descendantsOf(cli.pid);
  const seen = await Promise.all(
    agents.flatMap((pid) => [`/proc/${String(pid)}/environ`, `/proc/${String(pid)}/cmdline`]).map(readIfThere),
  );
  const ofAgents = seen.filter((text) => text.includes('MESHPROOF_AGENT_ID'));
  t.ok(ofAgents.length > 0, 'agents were looked at');
  t.ok(ofAgents.every((text) => !text.includes(PLANTED)));
  t.match(await cli.ended, { status: 0 });
  t.notOk(`${cli.stdout}${cli.stderr}`.includes(PLANTED));
  t.notMatch(`${cli.stdout}${cli.stderr}`, /PRIVATE KEY/);
  for (const [path, text] of await filesIn(env.TMPDIR)) t.notOk(text.includes(PLANTED), path);
});

for (const [what, token, says] of [
  ['is refused', PLANTED, /UNAUTHENTICATED/],
  ['cannot be sent', `${PLANTED}\u0001`, /holds no token/],
  ['is two lines', `${PLANTED}\nsecond`, /holds no token/],
] as const) {
  t.test(`a join token that ${what} is not quoted in the complaint`, async (t) => {
    await using scene = await startFleet();
    const folder = t.testdir();
    const tokenFile = join(folder, 'join-token');
    const caFile = join(folder, 'ca.pem');
    await writeFile(tokenFile, token);
    await writeFile(caFile, scene.fleet.endpoint.caPem);
    const { host, port } = scene.fleet.endpoint.address;
    const env = {
      MESHPROOF_CONTROLLER: `${host}:${String(port)}`,
      MESHPROOF_CONTROLLER_CA: caFile,
      MESHPROOF_TOKEN_FILE: tokenFile,
      MESHPROOF_AGENT_ID: 'web',
      MESHPROOF_NAMESPACE: 'shop',
      MESHPROOF_SERVICE_ACCOUNT: 'web',
      MESHPROOF_DATA_PLANE: 'naked',
      MESHPROOF_LOG_LEVEL: 'debug',
    };
    const agent = spawn(process.execPath, ['--disable-warning=DEP0123', AGENT], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    agent.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    agent.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(agent, 'close');
    await once(agent.stderr, 'data');
    agent.kill('SIGTERM');
    await ended;
    t.match(said, says);
    t.notOk(said.includes(PLANTED));
    t.ok(scene.said.every((line) => !line.includes(PLANTED)));
  });
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
