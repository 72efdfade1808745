/** Monitoring for ever: controller and agents together, beside Prometheus with blackbox_exporter on the same targets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Figure, Row } from '../frame/bench.ts';
import { Worker } from '../frame/worker.ts';
import type { Footprint } from './footprint.ts';
import type { BenchMesh } from './mesh-process.ts';
import { monitorWithUs } from './ours.ts';
import type { Ours } from './ours.ts';
import { scaleOf } from './scale.ts';
import type { Scale } from './scale.ts';
import { monitorWithPrometheus } from './theirs.ts';
import type { Missing, Theirs } from './theirs.ts';

const SERIES_PER_TARGET = 3;
const SCRAPE_STALL_MS = 50;
const PEER = 'Prometheus with blackbox_exporter';

export const monitorBench: Bench = {
  name: 'monitor',
  about: '2,000 targets every 10 s, half of them over TLS that demands a certificate: controller and agents together.',
  growth:
    'twice the targets are twice the attempts: CPU time doubles, as do the series of a metric of every route and the time ' +
    'of a scrape; memory grows by some kilobytes a target, and the series of a healthy mesh by default not at all.',
  run: async (say, signal) => {
    const scale = scaleOf(process.env);
    await using started = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const targets = started.use(
      new Worker<Pick<Scale, 'meshed' | 'outside'>, BenchMesh>(new URL('mesh-process.ts', import.meta.url)),
    );
    const mesh = await targets.ask({ meshed: scale.meshed, outside: scale.outside }, signal);
    const seconds = String((scale.warmUpMs + scale.windowMs) / 1000);
    say(`${String(scale.targets)} targets, ours for ${seconds} s`);
    const ours = await monitorWithUs(scale, mesh, folder, signal);
    say(`${PEER}, for as long`);
    const theirs = await monitorWithPrometheus(scale, mesh, folder, signal);
    return rowsOf(scale, ours, theirs);
  },
};

function rowsOf({ targets, meshed, outside }: Scale, ours: Ours, theirs: Theirs | Missing): readonly Row[] {
  const beside = (figure: (theirs: Theirs) => Figure): Pick<Row, 'beside'> => ({
    beside: { name: PEER, figure: typeof theirs === 'string' ? undefined : figure(theirs) },
  });
  const partsOf = (figure: (process: Footprint['processes'][number]) => string): string => {
    const parts = (names: readonly string[], { processes }: Footprint): string =>
      processes.map((process, index) => `${names[index] ?? 'another agent'} ${figure(process)}`).join(', ');
    const own = parts(['controller', 'prober', 'caller'], ours);
    return typeof theirs === 'string' ? own : `${own}; ${parts(['Prometheus', 'exporter'], theirs)}`;
  };
  const answering = typeof theirs === 'string' ? theirs : `answers there: ${String(theirs.answering)}`;
  const noLess = { kind: 'ratio-at-least', least: 1 } as const;
  const count = (value: number): Figure => ({ value, unit: '' });
  const atMost = (most: number) => ({ kind: 'at-most', most }) as const;
  return [
    {
      what: `CPU, ${String(targets)} targets every 10 s`,
      ours: { value: ours.cores, unit: 'cores' },
      ...beside(({ cores }) => ({ value: cores, unit: 'cores' })),
      bar: noLess,
      note: partsOf((process) => process.cores.toFixed(3)),
    },
    {
      what: 'memory at its peak',
      ours: { value: ours.memoryMiB, unit: 'MiB' },
      ...beside(({ memoryMiB }) => ({ value: memoryMiB, unit: 'MiB' })),
      bar: noLess,
      note: `resident, a program's own pages once; each: ${partsOf((process) => process.memoryMiB.toFixed(0))}`,
    },
    {
      what: 'attempts made',
      ours: { value: ours.attemptsPerSecond, unit: '/s' },
      ...beside(({ attemptsPerSecond }) => ({ value: attemptsPerSecond, unit: '/s' })),
      bar: undefined,
      note: `by their own counters; should be ${String(targets / 10)}, of which ${String(outside + meshed)} in ${String(targets)} are answered; ${answering}`,
    },
    {
      what: 'routes that are not as declared',
      ours: count(targets - ours.agreeing),
      bar: atMost(0),
      note: 'else the other figures are of another thing',
    },
    {
      what: 'series, a metric of every route included',
      ours: count(ours.series),
      ...beside(({ series }) => count(series)),
      bar: atMost(SERIES_PER_TARGET * targets),
      note: `${String(ours.seriesByDefault)} without it, which is how it comes`,
    },
    {
      what: 'series that came or went',
      ours: count(ours.seriesChanged),
      bar: atMost(0),
      note: `in ${String(ours.scrapes)} scrapes`,
    },
    {
      what: 'longest stall while scraped',
      ours: { value: ours.scrapeStallMs, unit: 'ms' },
      bar: atMost(SCRAPE_STALL_MS),
      note: `${ours.stallMs.toFixed(0)} ms at any time`,
    },
  ];
}
