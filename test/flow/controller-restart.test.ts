import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const AGENT = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));
const CONTROLLER = fileURLToPath(new URL('../support/recording-controller.ts', import.meta.url));

interface Controller extends AsyncDisposable {
  readonly port: number;
  /** The next line that it prints. */
  readonly next: () => Promise<unknown>;
  readonly kill: () => Promise<void>;
}

async function startController(
  caFile: string,
  { port = 0, slot, routes, hangAt = Infinity }: { port?: number; slot: number; routes: number; hangAt?: number },
): Promise<Controller> {
  const args = [port, caFile, slot, routes, hangAt].map(String);
  const child = spawn(process.execPath, [CONTROLLER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error('the controller has ended');
    return JSON.parse(line.value);
  };
  const kill = async (): Promise<void> => {
    await end(child);
  };
  const { port: bound } = (await next()) as { port: number };
  return { port: bound, next, kill, [Symbol.asyncDispose]: kill };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function startAgent(folder: string, port: number): ChildProcess {
  const env = {
    MESHPROOF_CONTROLLER: `127.0.0.1:${String(port)}`,
    MESHPROOF_CONTROLLER_CA: join(folder, 'ca.pem'),
    MESHPROOF_TOKEN_FILE: join(folder, 'token'),
    MESHPROOF_AGENT_ID: 'batch',
    MESHPROOF_NAMESPACE: 'legacy',
    MESHPROOF_SERVICE_ACCOUNT: 'batch',
    MESHPROOF_DATA_PLANE: 'naked',
    MESHPROOF_RECONNECT_JITTER_MS: '100',
    MESHPROOF_LOG_LEVEL: 'error',
  };
  return spawn(process.execPath, ['--disable-warning=DEP0123', AGENT], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** `1/slot/0` to `count/slot/0`. */
function outcomes(count: number, slot: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${String(index + 1)}/${String(slot)}/0`).sort();
}

/** Everything that a controller records until it has so many outcomes of a slot, and what it then says of the agent. */
async function recordedUntil(
  { next }: Controller,
  count: number,
  slot: number,
): Promise<{ readonly recorded: readonly string[]; readonly agent: unknown }> {
  const recorded: string[] = [];
  for (;;) {
    const line = await next();
    if (Array.isArray(line)) recorded.push(...(line as string[]));
    else if (of(recorded, slot).length >= count) return { recorded, agent: line };
  }
}

function of(recorded: readonly string[], slot: number): readonly string[] {
  return recorded.filter((place) => place.split('/')[1] === String(slot)).sort();
}

t.test(
  'when a controller is killed before it acknowledges, the next one gets the batch again, and its own plan done',
  async (t) => {
    const folder = t.testdir();
    const caFile = join(folder, 'ca.pem');
    await writeFile(join(folder, 'token'), 'projected');
    await using first = await startController(caFile, { slot: 100, routes: 10, hangAt: 1 });
    const agent = startAgent(folder, first.port);
    t.teardown(() => end(agent));
    const lost = (await first.next()) as readonly string[];
    t.ok(lost.length > 0, 'it had counted them when it died');
    await first.kill();

    await using second = await startController(caFile, { port: first.port, slot: 200, routes: 5 });
    const { recorded, agent: state } = await recordedUntil(second, 5, 200);
    t.same(recorded.slice(0, lost.length), lost, 'what nobody acknowledged comes again');
    t.same(of(recorded, 100), outcomes(5, 100), 'once');
    t.same(of(recorded, 200), outcomes(5, 200), 'and the new plan is done, though its routes have the same numbers');
    t.match(state, { earlierBatches: 0, missingBatches: 0, droppedOutcomes: 0, repeatedBatches: 0 });
  },
);

t.test('what a former controller had acknowledged is not known to the next one, which says so', async (t) => {
  const folder = t.testdir();
  const caFile = join(folder, 'ca.pem');
  await writeFile(join(folder, 'token'), 'projected');
  await using first = await startController(caFile, { slot: 100, routes: 60, hangAt: 31 });
  const agent = startAgent(folder, first.port);
  t.teardown(() => end(agent));
  const { recorded: acknowledged } = await recordedUntil(first, 30, 100);
  const lost = (await first.next()) as readonly string[];
  await first.kill();

  await using second = await startController(caFile, { port: first.port, slot: 200, routes: 6 });
  const { recorded, agent: state } = await recordedUntil(second, 6, 200);
  t.same(recorded.slice(0, lost.length), lost);
  t.same([...acknowledged, ...of(recorded, 100)].sort(), outcomes(60, 100), 'each outcome in one of the two');
  t.match(state, { missingBatches: 0, droppedOutcomes: 0, repeatedBatches: 0 });
  t.ok((state as { earlierBatches: number }).earlierBatches > 0);
});
