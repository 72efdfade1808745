/** Whether this agent is fit to measure: its event loop, its CPU allowance, its sidecar. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../proto/clock.ts';
import type { Outcome, Untested } from '../proto/outcome.ts';
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
  /** The longest time that the event loop was held up since this moment of the monotonic clock, as far as it exceeds 250 ms. */
  readonly heldUpSince: (monotonicMs: number) => number;
}

/** Above these the agent would measure itself. Probes have seconds; a quarter of one is far from a wrong verdict. */
const MAX_LAG_MS = 250;
const MAX_LAG_WITH_ANSWER_MS = 1_000;
const MAX_THROTTLED_SHARE = 0.5;
const WINDOW_MS = 1_000;
const TICK_MS = 50;
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
  const pauses = watchPauses(clock);
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
    heldUpSince: pauses.since,
    [Symbol.dispose]: () => {
      ended.abort();
      pauses[Symbol.dispose]();
      histogram.disable();
    },
  };
}

/**
 * What stands in the place of an outcome that this agent was not fit to measure; undefined: it was. A silence is doubted
 * early, for we may have slept through the answer; bytes that came did come, however late they were read.
 */
export function unfitness(outcome: Outcome, sample: Fitness, heldUpMs: number): Untested | undefined {
  if (!sample.isSidecarReady) {
    return { kind: 'untested', why: 'agent-not-ready', detail: 'the sidecar of the agent is not ready' };
  }
  if (heldUpMs > (outcome.kind === 'silent' ? MAX_LAG_MS : MAX_LAG_WITH_ANSWER_MS)) {
    const detail = `the event loop was held up for ${heldUpMs.toFixed(0)} ms`;
    return { kind: 'untested', why: 'agent-starved', detail };
  }
  if (sample.throttledShare > MAX_THROTTLED_SHARE) {
    const detail = `the CPU was throttled for ${(100 * sample.throttledShare).toFixed(0)} % of the time`;
    return { kind: 'untested', why: 'agent-starved', detail };
  }
  return undefined;
}

/** Remembers the pauses of the last minute; there are few that are worth it. */
function watchPauses(clock: Clock): Disposable & { readonly since: (monotonicMs: number) => number } {
  let pauses: { readonly endMs: number; readonly lagMs: number }[] = [];
  let lastTickMs = clock.monotonicMs();
  const tick = (): void => {
    const now = clock.monotonicMs();
    const lagMs = now - lastTickMs - TICK_MS;
    lastTickMs = now;
    if (lagMs > MAX_LAG_MS) pauses = [...pauses.filter(({ endMs }) => endMs > now - 60_000), { endMs: now, lagMs }];
  };
  const timer = setInterval(tick, TICK_MS).unref();
  return {
    since: (monotonicMs) => {
      // The pause that has just ended may not have had its tick yet.
      if (clock.monotonicMs() - lastTickMs - TICK_MS > MAX_LAG_MS) tick();
      return Math.max(0, ...pauses.filter(({ endMs }) => endMs >= monotonicMs).map(({ lagMs }) => lagMs));
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
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
