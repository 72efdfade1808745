/** How long a person waits: for the demo, for the help, for an agent's first outcome. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { PlannedRoute, Vantage } from '../../../proto/vocabulary.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import type { Bench } from '../frame/bench.ts';
import { startFleet } from '../frame/fleet.ts';
import { median } from '../frame/statistics.ts';

const DEMO_RUNS = 3;
const HELP_RUNS = 7;
const AGENT_RUNS = 5;
const WITHIN_MS = 30_000;

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HELP = [process.execPath, 'bin/meshproof.js', '--help'] as const;

export const startBench: Bench = {
  name: 'start',
  about: 'From the start of a process to what one waits for; cold: nothing of ours was compiled before.',
  growth: 'there is no input; the demo costs an agent’s start more for every vantage of its scenario.',
  run: async (say, signal) => {
    say('npm start, cold');
    const demo = await repeated(DEMO_RUNS, () => withColdCache((cache) => timeOf(['npm', 'start'], cache, signal)));
    say('meshproof --help');
    const coldHelp = await repeated(HELP_RUNS, () => withColdCache((cache) => timeOf(HELP, cache, signal)));
    const warmHelp = await withColdCache(async (cache) => {
      await timeOf(HELP, cache, signal);
      return await repeated(HELP_RUNS, () => timeOf(HELP, cache, signal));
    });
    say('an agent');
    const agent = await repeated(AGENT_RUNS, () => firstOutcomeOfAgent(signal));
    return [
      { what: 'npm start, cold', ours: { value: demo / 1_000, unit: 's' }, bar: { kind: 'at-most', most: 5 } },
      { what: 'meshproof --help', ours: { value: warmHelp, unit: 'ms' }, bar: { kind: 'at-most', most: 250 } },
      { what: 'meshproof --help, cold', ours: { value: coldHelp, unit: 'ms' }, bar: { kind: 'at-most', most: 250 } },
      {
        what: 'agent to its first outcome',
        ours: { value: agent, unit: 'ms' },
        bar: { kind: 'at-most', most: 1_000 },
        note: 'session over TLS, plan, one HTTP attempt, batch; modules compiled before',
      },
    ];
  },
};

async function repeated(runs: number, run: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < runs; index += 1) values.push(await run());
  return median(values);
}

/** Node keeps compiled modules in a folder; an empty one is what a first start finds. */
async function withColdCache<T>(run: (cache: string) => Promise<T>): Promise<T> {
  const cache = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
  try {
    return await run(cache);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** Milliseconds until the process has ended, with status 0. */
async function timeOf(command: readonly [string, ...string[]], cache: string, signal: AbortSignal): Promise<number> {
  const [program, ...args] = command;
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const startedMs = performance.now();
  const child = spawn(program, args, { cwd: ROOT, env, stdio: 'ignore', signal });
  const [status] = (await once(child, 'exit')) as [number | null];
  const tookMs = performance.now() - startedMs;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${String(status)}`);
  return tookMs;
}

const VANTAGE: Vantage = { namespace: 'bench', serviceAccount: 'caller', dataPlane: 'naked' };

async function firstOutcomeOfAgent(signal: AbortSignal): Promise<number> {
  await using target = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(target, 'listening');
  let outcomes = 0;
  await using bench = await startFleet(({ reports }) => {
    outcomes += reports.filter(({ outcome }) => outcome.kind === 'reached').length;
    return 'kept';
  });
  bench.fleet.assign(vantageKey(VANTAGE), [routeTo((target.address() as AddressInfo).port)]);
  const startedMs = performance.now();
  await bench.start('caller', VANTAGE);
  if (!(await bench.fleet.until(() => outcomes > 0, WITHIN_MS, signal))) throw new Error('no outcome came');
  return performance.now() - startedMs;
}

function routeTo(port: number): PlannedRoute {
  return {
    route: 1,
    slot: 0,
    probe: { kind: 'http', method: 'GET', path: '/' },
    addresses: [{ host: '127.0.0.1', port }],
    authority: 'target.bench',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 1_000,
    timeoutMs: 2_000,
    attempts: 1,
    intervalMs: 0,
  };
}
