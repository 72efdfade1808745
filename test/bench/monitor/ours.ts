/** Our side of the bench: a controller and its agents, watched while somebody scrapes them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_OPTIONS } from '../../../controller/install/names.ts';
import { keepCompiled } from '../frame/compiled.ts';
import { Worker } from '../frame/worker.ts';
import type { ControllerAnswer, ControllerQuestion } from './controller-process.ts';
import { scrape, sumOf } from './exposition.ts';
import type { Sample } from './exposition.ts';
import { footprintOf } from './footprint.ts';
import type { Footprint } from './footprint.ts';
import type { BenchMesh } from './mesh-process.ts';
import type { Scale } from './scale.ts';
import { INTERVAL_MS } from './scale.ts';

export interface Ours extends Footprint {
  readonly attemptsPerSecond: number;
  /** Routes that agree, at the end. */
  readonly agreeing: number;
  /** With a metric for every route. */
  readonly series: number;
  /** The same without it, which is how it comes. */
  readonly seriesByDefault: number;
  /** Between the scrape that had the most and that which had the least. */
  readonly seriesChanged: number;
  readonly scrapes: number;
  /** The longest that the loop was kept from its work while it was scraped. */
  readonly scrapeStallMs: number;
  /** The same at any time in the window. */
  readonly stallMs: number;
}

const END_WITHIN_MS = 15_000;
/** Until everything that is loaded late has been needed once. */
const REHEARSAL_MS = 5_000;
/** As Node chooses where the controller that stays runs, in a pod of 1 GiB; the gigabytes of a bench are not its to fill. */
const IN_A_POD = [...NODE_OPTIONS.split(' '), '--max-old-space-size=512'];
const OF_EVERY_ROUTE = 'meshproof_route';

type Controller = Worker<ControllerQuestion, ControllerAnswer>;

/** With a rehearsal, so that nothing is compiled in what is compared. */
export async function monitorWithUs(scale: Scale, mesh: BenchMesh, folder: string, signal: AbortSignal): Promise<Ours> {
  keepCompiled();
  const [rehearsal, monitor] = [join(folder, 'rehearsal'), join(folder, 'monitor')];
  await Promise.all([mkdir(rehearsal), mkdir(monitor)]);
  await withController({ scale, mesh, folder: rehearsal }, signal, async (_controller, address) => {
    await sleep(REHEARSAL_MS, undefined, { signal });
    await scrape(`${address}/metrics`, signal);
  });
  return await withController({ scale, mesh, folder: monitor }, signal, async (controller, address) => {
    const metrics = `${address}/metrics`;
    const look = async (): Promise<void> => {
      await scrape(metrics, signal);
    };
    await scrapeFor(scale.warmUpMs, look, signal);
    const { agentPids } = await controller.ask({ kind: 'agents' }, signal);
    return await watch(controller, metrics, [controller.pid, ...agentPids], scale, signal);
  });
}

async function withController<T>(
  question: Omit<Extract<ControllerQuestion, { kind: 'start' }>, 'kind'>,
  signal: AbortSignal,
  work: (controller: Controller, address: string) => Promise<T>,
): Promise<T> {
  await using started = new AsyncDisposableStack();
  const controller: Controller = started.use(new Worker(new URL('controller-process.ts', import.meta.url), IN_A_POD));
  const { address } = await controller.ask({ kind: 'start', ...question }, signal);
  started.defer(async () => {
    await controller.ask({ kind: 'end' }, AbortSignal.timeout(END_WITHIN_MS));
  });
  return await work(controller, address);
}

async function watch(
  controller: Controller,
  url: string,
  pids: readonly number[],
  { windowMs }: Scale,
  signal: AbortSignal,
): Promise<Ours> {
  const scrapes: (readonly Sample[])[] = [];
  const stalls = { scraped: 0, between: 0 };
  const stallMs = async (): Promise<number> => (await controller.ask({ kind: 'stall' }, signal)).stallMs;
  const look = async (): Promise<void> => {
    stalls.between = Math.max(stalls.between, await stallMs());
    scrapes.push(await scrape(url, signal));
    stalls.scraped = Math.max(stalls.scraped, await stallMs());
  };
  // What kept the loop before the window is not of the window.
  await stallMs();
  const used = await footprintOf(pids, () => scrapeFor(windowMs, look, signal));
  const first = scrapes[0] ?? [];
  const last = scrapes.at(-1) ?? [];
  const counts = scrapes.map((samples) => samples.length);
  const counted = (samples: readonly Sample[]): number =>
    sumOf(samples, 'meshproof_ingest_outcomes_total', '"counted"');
  return {
    cores: used.cores,
    memoryMiB: used.memoryMiB,
    processes: used.processes,
    attemptsPerSecond: ((counted(last) - counted(first)) * 1000) / used.result,
    agreeing: sumOf(last, 'meshproof_namespace_routes', 'finding="agrees"'),
    series: last.length,
    seriesByDefault: last.filter(
      ({ name, labels }) => name !== OF_EVERY_ROUTE && !labels.includes(`"${OF_EVERY_ROUTE}"`),
    ).length,
    seriesChanged: Math.max(...counts) - Math.min(...counts),
    scrapes: scrapes.length,
    scrapeStallMs: stalls.scraped,
    stallMs: Math.max(stalls.scraped, stalls.between),
  };
}

/** At the beginning, at the end, and every interval between. Resolves to how long it took, milliseconds. */
async function scrapeFor(forMs: number, look: () => Promise<void>, signal: AbortSignal): Promise<number> {
  const beganMs = performance.now();
  for (let atMs = 0; ; atMs = Math.min(atMs + INTERVAL_MS, forMs)) {
    await sleep(Math.max(0, beganMs + atMs - performance.now()), undefined, { signal });
    await look();
    if (atMs >= forMs) return performance.now() - beganMs;
  }
}
