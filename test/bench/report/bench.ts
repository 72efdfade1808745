/** What it costs the controller to take an outcome, and whether every outcome counts once through broken streams. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../proto/system-clock.ts';
import { startCuttingRelay } from '../../support/cutting-relay.ts';
import type { Bench, Row } from '../frame/bench.ts';
import { cpuMs } from '../frame/cpu-time.ts';
import { Worker } from '../frame/worker.ts';
import type { ControllerQuestion, Counts, Endpoint } from './controller-process.ts';
import type { ReporterAnswer, ReporterQuestion } from './reporter-process.ts';

const WARM = 60_000;
const OUTCOMES = 200_000;
const CALLS = 8_000;
const IN_FLIGHT = 64;
const RECONNECTS = 100;
const OUTCOMES_A_STREAM = 400;
const CUT_OUTCOMES = OUTCOMES_A_STREAM * (RECONNECTS + 1);
const LOOK_MS = 2;
/** The longest life of a stream; it takes a tenth of it to its first acknowledgement on a quiet machine. */
const STREAM_MS = 150;

/** grpc-js names the server even where it is dialled by address, and Node says that one should not. */
const NODE_OPTIONS = ['--disable-warning=DEP0123'];

type Controller = Worker<ControllerQuestion, Endpoint | Counts>;
type Reporter = Worker<ReporterQuestion, ReporterAnswer>;

export const reportBench: Bench = {
  name: 'report',
  about: 'Outcomes from an agent to the controller’s state, acknowledged; CPU time of the controller.',
  growth: 'twice the outcomes take twice the CPU time; the figure is a single one’s and stays.',
  run: async (say, signal) => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const begin = (): readonly [Controller, Reporter] => [
      stack.use(new Worker(new URL('controller-process.ts', import.meta.url), NODE_OPTIONS)),
      stack.use(new Worker(new URL('reporter-process.ts', import.meta.url), NODE_OPTIONS)),
    ];
    say(`${String(OUTCOMES)} outcomes in a session`);
    const session = await costInSession(begin(), folder, signal);
    say(`${String(CALLS)} unary calls`);
    const unary = await costOfCalls(begin(), folder, signal);
    say(`${String(CUT_OUTCOMES)} outcomes through ${String(RECONNECTS)} reconnects`);
    const throughCuts = await countThroughCuts(begin(), folder, signal);
    return [
      {
        what: 'CPU of the controller an outcome',
        ours: { value: session, unit: 'µs' },
        beside: { name: 'unary calls', figure: { value: unary, unit: 'µs' } },
        bar: { kind: 'at-most', most: 5 },
      },
      ...throughCuts,
    ];
  },
};

async function costInSession(
  [controller, reporter]: readonly [Controller, Reporter],
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const report = async (first: number, outcomes: number): Promise<void> => {
    const endpoint = endpointIn(await controller.ask('start', signal));
    await reporter.ask({ kind: 'session', endpoint, folder, first, outcomes, perStream: 0, inFlight: 0 }, signal);
  };
  await report(0, WARM);
  const known = countsIn(await controller.ask('counts', signal)).known;
  if (known !== WARM) throw new Error(`${String(known)} of ${String(WARM)} outcomes are known`);
  const before = cpuMs(controller.pid);
  await report(WARM, OUTCOMES);
  return ((cpuMs(controller.pid) - before) * 1_000) / OUTCOMES;
}

async function costOfCalls(
  [controller, reporter]: readonly [Controller, Reporter],
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const endpoint = endpointIn(await controller.ask('start-unary', signal));
  const report = (first: number): Promise<ReporterAnswer> =>
    reporter.ask(
      { kind: 'unary', endpoint, folder, first, outcomes: CALLS, perStream: 0, inFlight: IN_FLIGHT },
      signal,
    );
  await report(0);
  const before = cpuMs(controller.pid);
  await report(CALLS);
  return ((cpuMs(controller.pid) - before) * 1_000) / CALLS;
}

async function countThroughCuts(
  [controller, reporter]: readonly [Controller, Reporter],
  folder: string,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const endpoint = endpointIn(await controller.ask('start', signal));
  await using relay = await startCuttingRelay(endpoint.address);
  const isReported = new AbortController();
  const question = {
    kind: 'session',
    folder,
    first: 0,
    outcomes: CUT_OUTCOMES,
    perStream: OUTCOMES_A_STREAM,
    inFlight: 0,
  } as const;
  const reported = reporter
    .ask({ ...question, endpoint: { ...endpoint, address: relay.address } }, signal)
    .finally(() => {
      isReported.abort();
    });
  // The last outcomes are spooled with the last stream that is asked for, so that it ends by itself.
  for (let carried = 0; !isReported.signal.aborted;) {
    await systemClock.sleep(LOOK_MS, signal);
    if (relay.carried() === carried) continue;
    carried = relay.carried();
    // At any moment: in the handshake, before the Welcome, between a batch and its acknowledgement, and after it.
    await systemClock.sleep(STREAM_MS * Math.random(), signal);
    relay.cut();
  }
  const { opened } = await reported;
  const { known, again, dropped, missingBatches, repeatedBatches } = countsIn(await controller.ask('counts', signal));
  const none = { kind: 'at-most', most: 0 } as const;
  return [
    {
      what: `outcomes lost through ${String(opened - 1)} reconnects`,
      ours: { value: CUT_OUTCOMES - known, unit: '' },
      bar: none,
      note: `${String(CUT_OUTCOMES)} sent, ${String(dropped)} dropped by the spool, ${String(missingBatches)} batches missing`,
    },
    {
      what: 'outcomes counted twice',
      ours: { value: again, unit: '' },
      bar: none,
      note: `${String(repeatedBatches)} batches came again and were not counted`,
    },
  ];
}

function endpointIn(answer: Endpoint | Counts): Endpoint {
  if ('address' in answer) return answer;
  throw new TypeError('the controller did not say where it listens');
}

function countsIn(answer: Endpoint | Counts): Counts {
  if ('known' in answer) return answer;
  throw new TypeError('the controller did not say what it knows');
}
