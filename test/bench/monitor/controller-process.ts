/** Our side: what `meshproof serve` runs, in a process of its own, with its agents as further ones. */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServeFlags } from '../../../controller/cli/serve.ts';
import { serveMonitor } from '../../../controller/cli/served.ts';
import { openStore } from '../../../controller/store/open-store.ts';
import { CLUSTER_SWEEP_OPTIONS } from '../../../controller/sweep.ts';
import { answerQuestions } from '../frame/worker.ts';
import { declare, OWN_NAMESPACE } from './declared.ts';
import { BenchLauncher } from './launcher.ts';
import type { BenchMesh } from './mesh-process.ts';
import type { Scale } from './scale.ts';
import { INTERVAL_MS } from './scale.ts';

export type ControllerQuestion =
  | { readonly kind: 'start'; readonly scale: Scale; readonly mesh: BenchMesh; readonly folder: string }
  | { readonly kind: 'agents' }
  /** How long the loop was kept from its work at a time since this was last asked. */
  | { readonly kind: 'stall' }
  /** Ends the agents; the process is to be ended by whoever started it. */
  | { readonly kind: 'end' };

export interface ControllerAnswer {
  /** Of page, API and metrics. */
  readonly address: string;
  readonly agentPids: readonly number[];
  readonly stallMs: number;
}

/** The loop is late by this much even where nothing keeps it. */
const RESOLUTION_MS = 5;
const NS_PER_MS = 1_000_000;

/** The dearest that can be asked for: with a metric of every route. */
const FLAGS: ServeFlags = {
  dataPlane: 'node',
  hostVantage: false,
  anonymous: 'read',
  webhook: [],
  events: false,
  reports: false,
  routeMetrics: true,
  minCoverage: 0.95,
  failOn: ['drift', 'critical', 'error'],
  trust: [],
};

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
const ending = new AbortController();
let launcher: BenchLauncher | undefined;
let serving: Promise<void> | undefined;
let address = '';

// From a terminal the whole group is interrupted: it is for whoever started this process to end it, in order.
process.on('SIGINT', () => undefined);

answerQuestions(async (question: ControllerQuestion): Promise<ControllerAnswer> => {
  if (question.kind === 'start') await start(question);
  if (question.kind === 'end') {
    ending.abort();
    await serving;
    // Whoever started it ends it by force.
    flushCompileCache();
  }
  return { address, agentPids: launcher?.pids ?? [], stallMs: question.kind === 'stall' ? await takeStallMs() : 0 };
});

async function start({ scale, mesh, folder }: Extract<ControllerQuestion, { kind: 'start' }>): Promise<void> {
  const opened = Promise.withResolvers<string>();
  serving = serve({ scale, mesh, folder }, (at) => {
    opened.resolve(at);
  });
  serving.catch(opened.reject);
  address = await opened.promise;
  delays.enable();
}

async function serve(
  { scale, mesh, folder }: Omit<Extract<ControllerQuestion, { kind: 'start' }>, 'kind'>,
  opened: (address: string) => void,
): Promise<void> {
  const snapshot = declare(scale);
  await using store = await openStore(`sqlite:${join(folder, 'meshproof.db')}`);
  await using agents = new BenchLauncher(mesh, folder);
  launcher = agents;
  const say = (message: string): void => {
    process.stderr.write(`monitor: ${message}\n`);
  };
  await serveMonitor(
    {
      source: { current: () => Promise.resolve(snapshot), syncedAtMs: Date.now },
      launcher: agents,
      store,
      options: {
        ...CLUSTER_SWEEP_OPTIONS,
        intervalMs: INTERVAL_MS,
        attemptsPerSecond: CLUSTER_SWEEP_OPTIONS.attemptsPerSecond ?? Infinity,
        ownNamespace: OWN_NAMESPACE,
      },
      anonymous: 'read',
      listen: '127.0.0.1:0',
      sinks: [],
      name: 'meshproof/bench',
      log: { info: () => undefined, warn: say, debug: () => undefined },
      opened: (at) => {
        opened(at);
        return Promise.resolve();
      },
    },
    FLAGS,
    ending.signal,
  );
}

async function takeStallMs(): Promise<number> {
  const stallMs = Math.max(0, delays.max / NS_PER_MS - RESOLUTION_MS);
  delays.reset();
  // It measures from its first tick on: what comes before is not seen.
  await sleep(4 * RESOLUTION_MS);
  return stallMs;
}
