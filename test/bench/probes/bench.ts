/** CPU time of an attempt on a fresh connection, beside two probers that are written in Go. */
import { systemClock } from '../../../proto/system-clock.ts';
import type { Bench, Row } from '../frame/bench.ts';
import { cpuMs } from '../frame/cpu-time.ts';
import { findPeer, NOT_INSTALLED } from '../frame/peer.ts';
import { median } from '../frame/statistics.ts';
import { Worker } from '../frame/worker.ts';
import type { AttemptsAnswer, AttemptsQuestion } from './attempts-process.ts';
import { startBlackbox } from './blackbox.ts';
import { startCloudprober } from './cloudprober.ts';
import type { CloudproberTransport } from './cloudprober.ts';
import { makeCredentials } from './credentials.ts';
import type { BenchCredentials } from './credentials.ts';
import type { TargetQuestion } from './target-process.ts';
import { TITLES, TRANSPORTS } from './transport.ts';
import type { TargetPorts, Transport } from './transport.ts';

const IN_FLIGHT = 16;
/** Both sides in turn, the first round of each to warm up only. */
const ROUNDS = 4;
/** In a round: about a second's worth. */
const ATTEMPTS: Readonly<Record<Transport, number>> = { http: 6_000, mtls: 800, grpc: 2_000, 'grpc-mtls': 600 };

const BLACKBOX_BARS: Readonly<Record<Transport, number>> = { http: 3, mtls: 1.2, grpc: 2, 'grpc-mtls': 1 };
const CLOUDPROBER_BARS: Readonly<Record<CloudproberTransport, number>> = { http: 1.2, mtls: 1 };
/** Well below what it can do on a core, for it does not wait for its answers. */
const CLOUDPROBER_PER_SECOND: Readonly<Record<CloudproberTransport, number>> = { http: 1_600, mtls: 240 };
const CLOUDPROBER_WARM_MS = 4_500;
const CLOUDPROBER_MS = 8_000;

/** Microseconds of CPU time an attempt. */
type Cost = number;
/** Why there is no cost. */
type Missing = string;

export const probesBench: Bench = {
  name: 'probes',
  about: 'CPU time of an attempt on a fresh connection, 16 in flight in one process, beside other probers.',
  growth: 'twice the attempts take twice the CPU time; the figure is a single one’s and stays.',
  run: async (say, signal) => {
    await using credentials = await makeCredentials();
    await using target = new Worker<TargetQuestion, TargetPorts>(new URL('target-process.ts', import.meta.url));
    const ports = await target.ask({ certificate: credentials.target, rootPem: credentials.rootPem }, signal);
    const rows: Row[] = [];
    for (const transport of TRANSPORTS) {
      say(`${TITLES[transport]}, beside blackbox_exporter`);
      const costs = await besideBlackbox(transport, credentials, ports, signal);
      rows.push(rowOf(transport, costs, 'blackbox_exporter', BLACKBOX_BARS[transport]));
    }
    for (const transport of ['http', 'mtls'] as const) {
      say(`${TITLES[transport]}, beside cloudprober`);
      const costs = await besideCloudprober(transport, credentials, ports, signal);
      rows.push(rowOf(transport, costs, 'cloudprober', CLOUDPROBER_BARS[transport]));
    }
    return rows;
  },
};

interface Costs {
  readonly ours: Cost;
  readonly theirs: Cost | Missing;
}

/** What an attempt of ours costs in one more round, in a process of its own, so that no transport is warm for the next. */
async function ourRounds(
  transport: Transport,
  { caKeyPem, rootPem }: BenchCredentials,
  ports: TargetPorts,
  { running, signal }: { readonly running: AsyncDisposableStack; readonly signal: AbortSignal },
): Promise<() => Promise<Cost>> {
  const worker = running.use(
    new Worker<AttemptsQuestion, AttemptsAnswer>(new URL('attempts-process.ts', import.meta.url)),
  );
  await worker.ask({ kind: 'prepare', caKeyPem, rootPem, ports }, signal);
  const attempts = ATTEMPTS[transport];
  return () =>
    costOf(worker.pid, attempts, async () => {
      const question = { kind: 'attempt', transport, attempts, inFlight: IN_FLIGHT } as const;
      const { reached, unexpected } = await worker.ask(question, signal);
      if (reached < attempts)
        throw new Error(`${String(attempts - reached)} not reached, the first: ${unexpected ?? ''}`);
    });
}

async function besideBlackbox(
  transport: Transport,
  credentials: BenchCredentials,
  ports: TargetPorts,
  signal: AbortSignal,
): Promise<Costs> {
  await using running = new AsyncDisposableStack();
  const ourRound = await ourRounds(transport, credentials, ports, { running, signal });
  const path = findPeer('prometheus-blackbox-exporter');
  const blackbox = path === undefined ? undefined : running.use(await startBlackbox(path, credentials, ports, signal));
  const attempts = ATTEMPTS[transport];
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await ourRound());
    if (blackbox === undefined) continue;
    theirs.push(await costOf(blackbox.pid, attempts, () => blackbox.attempt(transport, attempts, IN_FLIGHT)));
  }
  return { ours: median(ours.slice(1)), theirs: blackbox === undefined ? NOT_INSTALLED : median(theirs.slice(1)) };
}

/** It cannot be made to wait for us, so that our rounds are before and after its own. */
async function besideCloudprober(
  transport: CloudproberTransport,
  credentials: BenchCredentials,
  ports: TargetPorts,
  signal: AbortSignal,
): Promise<Costs> {
  await using running = new AsyncDisposableStack();
  const ourRound = await ourRounds(transport, credentials, ports, { running, signal });
  await ourRound();
  const before = [await ourRound(), await ourRound()];
  const theirs = await costOfCloudprober(transport, credentials, ports, signal);
  const after = [await ourRound()];
  return { ours: median([...before, ...after]), theirs };
}

async function costOfCloudprober(
  transport: CloudproberTransport,
  credentials: BenchCredentials,
  ports: TargetPorts,
  signal: AbortSignal,
): Promise<Cost | Missing> {
  const path = findPeer('cloudprober');
  if (path === undefined) return NOT_INSTALLED;
  const perSecond = CLOUDPROBER_PER_SECOND[transport];
  await using peer = await startCloudprober(path, transport, perSecond, credentials, ports, signal);
  await systemClock.sleep(CLOUDPROBER_WARM_MS, signal);
  const before = { cpu: cpuMs(peer.pid), ...(await peer.attempts()) };
  await systemClock.sleep(CLOUDPROBER_MS, signal);
  const after = { cpu: cpuMs(peer.pid), ...(await peer.attempts()) };
  const attempts = after.total - before.total;
  // What ran into a deadline has cost too little to be compared; on a busy machine some may.
  if (after.success - before.success < 0.9 * attempts) return 'its attempts ran into their deadlines: a busy machine';
  return ((after.cpu - before.cpu) * 1_000) / attempts;
}

async function costOf(pid: number, attempts: number, work: () => Promise<void>): Promise<Cost> {
  const before = cpuMs(pid);
  await work();
  return ((cpuMs(pid) - before) * 1_000) / attempts;
}

function rowOf(transport: Transport, { ours, theirs }: Costs, name: string, least: number): Row {
  return {
    what: `${TITLES[transport]}, CPU an attempt`,
    ours: { value: ours, unit: 'µs' },
    beside: { name, figure: typeof theirs === 'number' ? { value: theirs, unit: 'µs' } : undefined },
    bar: { kind: 'ratio-at-least', least },
    ...(typeof theirs === 'string' && { note: theirs }),
  };
}
