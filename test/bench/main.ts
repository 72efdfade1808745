/** `npm run bench [-- NAME …]`: runs benchmarks one after the other, prints one table, and writes it as JSON where asked. */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { EXIT } from '../../proto/errors.ts';
import { BENCHES } from './benches.ts';
import type { Bench } from './frame/bench.ts';
import { isMet } from './frame/bench.ts';
import { jsonOf, tableOf } from './frame/table.ts';
import type { Finished } from './frame/table.ts';

/** Far above what any bench takes; past it something hangs. */
const BENCH_WITHIN_MS = 300_000;

const HELP = `usage: npm run bench [-- [--json FILE] [NAME …]]

Without a name every bench runs, a few minutes in all. Peers that are measured beside Meshproof
are installed by test/bench/install-peers.sh; a row of a missing one says so. Figures are CPU time
or wall time as each row says; "ratio" is the other's figure divided by ours, "load" the machine's
load average when the bench began: compare figures of a quiet machine only.
The status is ${String(EXIT.violations)} where a bar is missed, and ${String(EXIT.internal)} where a bench could not run.
MESHPROOF_BENCH_TARGETS, MESHPROOF_BENCH_WARM_UP_S and MESHPROOF_BENCH_WINDOW_S make monitor smaller than 2000, 20 and 60;
PROMETHEUS_BIN names its peer where it is not installed.

  --json FILE  writes the same figures, with the machine they are from, as JSON; without it nothing is written
  --help       this text

${BENCHES.map(({ name, about, growth }) => `  ${name.padEnd(12)} ${about}\n${' '.repeat(15)}Doubled input: ${growth}`).join('\n')}
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return EXIT.pass;
  }
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `no bench named ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}\n`,
    );
    return EXIT.usage;
  }
  const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interrupted.abort(new Error('interrupted'));
    });
  }
  const finished: Finished[] = [];
  for (const bench of chosen) {
    finished.push(await runOne(bench, interrupted.signal));
    if (interrupted.signal.aborted) return EXIT.interrupted;
  }
  process.stdout.write(tableOf(finished));
  if (values.json !== undefined) await writeFile(values.json, jsonOf(finished, machine()));
  const rows = finished.flatMap((bench) => bench.rows);
  if (finished.some((bench) => bench.rows.length === 0)) return EXIT.internal;
  return rows.some((row) => isMet(row) === false) ? EXIT.violations : EXIT.pass;
}

/** A bench that fails has no rows; the others run all the same. */
async function runOne({ name, growth, run }: Bench, interrupted: AbortSignal): Promise<Finished> {
  const load = loadavg()[0] ?? 0;
  const say = (text: string): void => {
    process.stderr.write(`${name}: ${text}\n`);
  };
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(BENCH_WITHIN_MS)]);
  try {
    return { bench: name, growth, load, rows: await run(say, signal) };
  } catch (error) {
    if (interrupted.aborted) say('interrupted');
    else say(`could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { bench: name, growth, load, rows: [] };
  }
}

function machine(): Readonly<Record<string, string | number>> {
  const [cpu] = cpus();
  const memoryMiB = Math.round(totalmem() / 2 ** 20);
  return { cpu: cpu?.model ?? 'unknown', cores: cpus().length, memoryMiB, node: process.versions.node };
}

process.exit(await main(process.argv.slice(2)));
