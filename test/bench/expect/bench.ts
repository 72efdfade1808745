/** What the manifests say about every flow: how long one waits, and what a flow costs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Bench, Row } from '../frame/bench.ts';
import { median } from '../frame/statistics.ts';
import { Worker } from '../frame/worker.ts';
import type { FlowsAnswer, FlowsQuestion } from './flows-process.ts';
import { layeredManifests } from './layers.ts';
import type { Shape } from './teams.ts';
import { manifestsOf } from './teams.ts';

const SMALL_RUNS = 5;
const RUNS = 3;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Published by a static analyser for a set of this size. */
const ANALYSER_S = 32.8;

const SMALL: Shape = { teams: 20, workloads: 1_000 };
const LARGE: Shape = { teams: 100, workloads: 10_000 };

export const expectBench: Bench = {
  name: 'expect',
  about: 'What manifests declare about every flow, from the files to the last answer.',
  growth:
    'twice the workloads take twice the evaluations, and twice the teams, with the policies that tell their callers ' +
    'apart, up to twice again; of four times the flows, each is but looked up.',
  run: async (say, signal) => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    say('twelve services in four layers');
    const rows: Row[] = [await wholeCommand(folder, signal)];
    say('1,000 workloads');
    rows.push(await costOfFlow(folder, signal));
    say('10,000 workloads against 10,000');
    rows.push(...(await everyFlow(folder, signal)));
    say('lines of JSON');
    rows.push(await costOfLine(folder, signal));
    say('doubled inputs');
    rows.push(...(await growth(folder, signal)));
    return rows;
  },
};

async function wholeCommand(folder: string, signal: AbortSignal): Promise<Row> {
  const manifests = join(folder, 'layers.yaml');
  await writeFile(manifests, layeredManifests());
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') };
  const tookMs: number[] = [];
  for (let run = 0; run < SMALL_RUNS; run += 1) {
    const startedMs = performance.now();
    const args = ['bin/meshproof.js', 'expect', '-f', manifests];
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'ignore', signal });
    const [status] = (await once(child, 'exit')) as [number | null];
    if (status !== 0) throw new Error(`expect ended with ${String(status)}`);
    tookMs.push(performance.now() - startedMs);
  }
  return {
    what: 'expect, 12 services, 60 objects, 4 layers',
    ours: { value: median(tookMs) / 1_000, unit: 's' },
    beside: { name: 'static analyser, published', figure: { value: ANALYSER_S, unit: 's' } },
    bar: { kind: 'at-most', most: 1 },
    note: 'table with conflicts, start of the process included',
  };
}

/** In a new process each time: its memory is its own, and nothing is compiled or evaluated before. */
async function evaluated(
  folder: string,
  shape: Shape,
  of: FlowsQuestion['of'],
  signal: AbortSignal,
): Promise<FlowsAnswer> {
  const manifests = join(folder, `${String(shape.teams)}-${String(shape.workloads)}.json`);
  await writeFile(manifests, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...manifestsOf(shape)] }));
  await using worker = new Worker<FlowsQuestion, FlowsAnswer>(new URL('flows-process.ts', import.meta.url));
  return await worker.ask({ manifests, of }, signal);
}

async function costOfFlow(folder: string, signal: AbortSignal): Promise<Row> {
  const runs: FlowsAnswer[] = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await evaluated(folder, SMALL, 'verdicts', signal));
  return {
    what: 'CPU a flow, 1,000 workloads',
    ours: { value: median(runs.map(costOf)), unit: 'µs' },
    bar: { kind: 'at-most', most: 1 },
    note: 'every flow; reading the manifests and every evaluation included',
  };
}

function costOf({ cpuMs, flows }: FlowsAnswer): number {
  return (cpuMs * 1_000) / flows;
}

async function everyFlow(folder: string, signal: AbortSignal): Promise<readonly Row[]> {
  const all = await evaluated(folder, LARGE, 'verdicts', signal);
  const cpuS = (all.cpuMs / 1_000).toFixed(1);
  const share = Math.round((all.allowed / all.flows) * 100);
  return [
    {
      what: 'CPU a flow, 10,000 workloads',
      ours: { value: costOf(all), unit: 'µs' },
      bar: { kind: 'at-most', most: 1 },
      note: `every flow; ${String(share)} % are let through`,
    },
    {
      what: '10,000 × 10,000 workloads',
      ours: { value: all.wallMs / 1_000, unit: 's' },
      bar: { kind: 'at-most', most: 30 },
      note: `${String(all.flows)} verdicts, one by one, by the stream that the command prints from; ${cpuS} s of CPU`,
    },
    {
      what: '10,000 × 10,000 workloads, memory at most',
      ours: { value: all.peakMiB, unit: 'MiB' },
      bar: { kind: 'at-most', most: 1_024 },
    },
  ];
}

async function costOfLine(folder: string, signal: AbortSignal): Promise<Row> {
  const lines = await evaluated(folder, { ...SMALL, workloads: 2_000 }, 'lines', signal);
  const size = Math.round(lines.writtenBytes / lines.flows);
  return {
    what: 'CPU a line of ndjson, 2,000 workloads',
    ours: { value: costOf(lines), unit: 'µs' },
    bar: undefined,
    note: `${String(lines.flows)} lines of ${String(size)} bytes to /dev/null; ${lines.peakMiB.toFixed(0)} MiB at most`,
  };
}

async function growth(folder: string, signal: AbortSignal): Promise<readonly Row[]> {
  const base = await evaluated(folder, SMALL, 'evaluations', signal);
  const wider: readonly (readonly [what: string, shape: Shape])[] = [
    ['twice the workloads', { ...SMALL, workloads: 2 * SMALL.workloads }],
    ['twice the teams, as many workloads', { ...SMALL, teams: 2 * SMALL.teams }],
    ['twice the teams, twice the workloads', { teams: 2 * SMALL.teams, workloads: 2 * SMALL.workloads }],
  ];
  const rows: Row[] = [];
  for (const [what, shape] of wider) {
    const { evaluations, flows } = await evaluated(folder, shape, 'evaluations', signal);
    rows.push({
      what: `evaluations, ${what}`,
      ours: { value: evaluations / base.evaluations, unit: '×' },
      bar: undefined,
      note: `${String(evaluations)} for ${String(flows)} flows, before ${String(base.evaluations)} for ${String(base.flows)}`,
    });
  }
  return rows;
}
