/** Whether this agent is fit to measure: its event loop, its CPU allowance, its sidecar. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../proto/clock.ts';
import type { Address } from '../proto/vocabulary.ts';
import type { Fitness } from '../proto/wire.ts';

export interface FitnessDeps {
  readonly clock: Clock;
  /** The sidecar's readiness port (`/healthz/ready`); undefined where there is none to ask. */
  readonly readiness: Address | undefined;
  /** Microseconds in which the CPU was throttled since the start; 0 where no limit is set. */
  readonly throttledUs?: () => number;
}

export interface FitnessMonitor extends Disposable {
  /** As of now: of the current window and the one before it. */
  readonly sample: () => Fitness;
}

/** Above these the agent would measure itself. Probes have seconds; a quarter of one is far from a wrong verdict. */
const MAX_LAG_MS = 250;
const MAX_THROTTLED_SHARE = 0.5;
const WINDOW_MS = 1_000;
const RESOLUTION_MS = 10;
const READINESS_TIMEOUT_MS = 1_000;

/** Starts to watch at once. A pause shows in the sample that follows it, even before the window is over. */
export function monitorFitness(deps: FitnessDeps): FitnessMonitor {
  const { clock, throttledUs = cgroupThrottledUs } = deps;
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let lastLagMs = 0;
  let throttled = { atMs: clock.monotonicMs(), us: throttledUs(), share: 0 };
  let isSidecarReady = deps.readiness === undefined;
  const ended = new AbortController();
  const lagMs = (): number => Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
  const turn = (): void => {
    lastLagMs = histogram.count === 0 ? 0 : lagMs();
    histogram.reset();
    const now = { atMs: clock.monotonicMs(), us: throttledUs() };
    const share = (now.us - throttled.us) / 1000 / Math.max(1, now.atMs - throttled.atMs);
    throttled = { ...now, share: Math.min(1, Math.max(0, share)) };
  };
  void everyWindow(clock, ended.signal, async () => {
    turn();
    if (deps.readiness !== undefined) isSidecarReady = await isReady(deps.readiness);
  });
  return {
    sample: () => {
      const loopLagP99Ms = Math.max(lastLagMs, histogram.count === 0 ? 0 : lagMs());
      const throttledShare = throttled.share;
      const isFit = loopLagP99Ms <= MAX_LAG_MS && throttledShare <= MAX_THROTTLED_SHARE && isSidecarReady;
      return { loopLagP99Ms, throttledShare, isSidecarReady, isFit };
    },
    [Symbol.dispose]: () => {
      ended.abort();
      histogram.disable();
    },
  };
}

async function everyWindow(clock: Clock, signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
  const hasEnded = (): boolean => signal.aborted;
  while (!hasEnded()) {
    await turn();
    try {
      await clock.sleep(WINDOW_MS, signal);
    } catch (error) {
      if (!hasEnded()) throw error;
    }
  }
}

/** cgroup v2: the only kind that Kubernetes still supports where it limits. */
function cgroupThrottledUs(): number {
  try {
    return Number(/^throttled_usec (\d+)$/m.exec(readFileSync('/sys/fs/cgroup/cpu.stat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** pilot-agent answers 200 once its Envoy has its configuration (istio: pilot/cmd/pilot-agent/status/server.go). */
async function isReady({ host, port }: Address): Promise<boolean> {
  const answered = Promise.withResolvers<boolean>();
  const socket = connect({ host, port });
  const timer = setTimeout(() => {
    answered.resolve(false);
  }, READINESS_TIMEOUT_MS);
  socket.once('connect', () => {
    socket.write(`GET /healthz/ready HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  });
  socket.once('data', (bytes) => {
    answered.resolve(bytes.toString('latin1').startsWith('HTTP/1.1 200'));
  });
  for (const event of ['error', 'close']) {
    socket.once(event, () => {
      answered.resolve(false);
    });
  }
  const isOk = await answered.promise;
  clearTimeout(timer);
  socket.destroy();
  return isOk;
}
