/** When to probe: spread over the interval, in-flight capped, one attempt at a time a route, never catching up. */
import type { Clock } from '../proto/clock.ts';
import type { Outcome, Report } from '../proto/outcome.ts';
import type { PlannedRoute, Task } from '../proto/vocabulary.ts';
import type { ReceivedRoute } from '../proto/wire.ts';
import { createGate } from './gate.ts';
import { NO_METER } from './metrics/meter.ts';
import type { Meter } from './metrics/meter.ts';

export interface ScheduleDeps {
  readonly clock: Clock;
  /** Spreads the phases of agents that hold the same routes. */
  readonly agentId: string;
  readonly maxInFlight: number;
  readonly attempt: (task: Task, signal: AbortSignal) => Promise<Outcome>;
  readonly report: (report: Report) => void;
  /** @default nobody */
  readonly meter?: Pick<Meter, 'due' | 'skipped' | 'begun'>;
}

/** No plan can make a route faster than this. */
export const MIN_INTERVAL_MS = 1_000;

interface Running {
  /** What was received, to tell a repeated line of the plan from a changed one. */
  readonly key: string;
  readonly cancel: AbortController;
  /** The newest slot of the route that was begun: what takes its place is numbered on, whatever its interval. */
  readonly begun: { slot: number };
}

export class Schedule implements AsyncDisposable {
  readonly #deps: ScheduleDeps;
  readonly #gate: ReturnType<typeof createGate>;
  readonly #meter: NonNullable<ScheduleDeps['meter']>;
  readonly #routes = new Map<number, Running>();
  readonly #loops = new Set<Promise<void>>();
  #pending = 0;
  #inFlight = 0;
  #isDraining = false;

  constructor(deps: ScheduleDeps) {
    this.#deps = deps;
    this.#meter = deps.meter ?? NO_METER;
    this.#gate = createGate(deps.maxInFlight);
  }

  /** Attempts of one-time routes that are not reported yet. */
  get pendingAttempts(): number {
    return this.#pending;
  }

  /** Attempts that are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** All that is to be done. What goes on unchanged is not disturbed, what was done once is not done again. */
  replace(routes: readonly ReceivedRoute[]): void {
    const kept = new Set(routes.map((received) => numberOf(received)));
    this.change(
      [...this.#routes.keys()].filter((route) => !kept.has(route)),
      routes,
    );
  }

  /** First the removals, then the additions; an addition takes the place of the route that had its number. */
  change(removed: readonly number[], added: readonly ReceivedRoute[]): void {
    for (const route of removed) {
      this.#routes.get(route)?.cancel.abort();
      this.#routes.delete(route);
    }
    for (const received of added) this.#start(received);
  }

  /** Nothing new is begun; resolves when what is in flight has been reported. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#gate.close();
    await Promise.all(this.#loops);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDraining = true;
    this.#gate.close();
    for (const { cancel } of this.#routes.values()) cancel.abort();
    await Promise.all(this.#loops);
  }

  #start(received: ReceivedRoute): void {
    if (this.#isDraining) return;
    const route = numberOf(received);
    const key = JSON.stringify(received);
    const before = this.#routes.get(route);
    if (before?.key === key) return;
    before?.cancel.abort();
    const cancel = new AbortController();
    const begun = before?.begun ?? { slot: -1 };
    this.#routes.set(route, { key, cancel, begun });
    if (received.kind === 'unsupported') {
      this.#refuse(received);
      return;
    }
    const { planned } = received;
    const { signal } = cancel;
    const loop = planned.intervalMs === 0 ? this.#once(planned, signal) : this.#repeat(planned, begun, signal);
    const settled = loop.finally(() => this.#loops.delete(settled));
    this.#loops.add(settled);
  }

  #refuse({ route, slot, attempts, why }: Extract<ReceivedRoute, { kind: 'unsupported' }>): void {
    const outcome = { kind: 'untested', why: 'unsupported-probe', detail: why } as const;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      this.#deps.report({ route, slot, attempt, startedAtMs: this.#deps.clock.nowMs(), outcome });
    }
  }

  async #once(planned: PlannedRoute, signal: AbortSignal): Promise<void> {
    this.#pending += planned.attempts;
    let done = 0;
    try {
      for (; done < planned.attempts && !signal.aborted; done += 1) {
        if (!(await this.#attempt(planned, planned.slot, done, signal, this.#deps.clock.monotonicMs()))) return;
        this.#pending -= 1;
      }
    } finally {
      this.#pending -= planned.attempts - done;
    }
  }

  async #repeat(planned: PlannedRoute, begun: Running['begun'], signal: AbortSignal): Promise<void> {
    const { clock, agentId } = this.#deps;
    const intervalMs = Math.max(MIN_INTERVAL_MS, planned.intervalMs);
    const phaseMs = hash(`${agentId}/${String(planned.route)}`) % intervalMs;
    const stop = AbortSignal.any([signal, this.#gate.closed]);
    for (let last = { due: -1, dueAtMs: 0 }; ;) {
      const next = Math.floor((clock.nowMs() - phaseMs) / intervalMs) + 1;
      // What was done on time may be done a moment too early. But a wall clock that was set back only gets its slots
      // numbered on: the route must not fall silent until the clock has caught up.
      const due = next === last.due ? next + 1 : next;
      const slot = Math.max(begun.slot + 1, due);
      if (last.due >= 0) this.#skip(due - last.due - 1, planned.attempts, { intervalMs, sinceMs: last.dueAtMs });
      const waitMs = due * intervalMs + phaseMs - clock.nowMs();
      const dueAtMs = clock.monotonicMs() + waitMs;
      if (!(await slept(clock, waitMs, stop))) return;
      begun.slot = slot;
      for (let attempt = 0; attempt < planned.attempts; attempt += 1) {
        if (!(await this.#attempt(planned, slot, attempt, signal, dueAtMs))) return;
      }
      last = { due, dueAtMs };
    }
  }

  /** Slots that went by on the wall clock: on the monotonic one too, or that clock was set on. */
  #skip(slots: number, attempts: number, { intervalMs, sinceMs }: { intervalMs: number; sinceMs: number }): void {
    if (slots <= 0) return;
    const passedMs = this.#deps.clock.monotonicMs() - sinceMs;
    this.#meter.due(slots * attempts);
    this.#meter.skipped(passedMs > (slots - 0.5) * intervalMs ? 'overrun' : 'clock-step', slots * attempts);
  }

  /**
   * False: it was not made, because the route was removed or the agent drains.
   * @param dueAtMs When its turn began, by the monotonic clock.
   */
  async #attempt(
    planned: PlannedRoute,
    slot: number,
    attempt: number,
    signal: AbortSignal,
    dueAtMs: number,
  ): Promise<boolean> {
    this.#meter.due(1);
    if (!(await this.#gate.enter(signal))) {
      this.#meter.skipped('cancelled', 1);
      return false;
    }
    this.#inFlight += 1;
    try {
      if (attempt === 0) this.#meter.begun(this.#deps.clock.monotonicMs() - dueAtMs);
      const { clock } = this.#deps;
      const { route, addresses } = planned;
      const index = attempt % addresses.length;
      const address = addresses[index];
      if (address === undefined) return false;
      const startedAtMs = clock.nowMs();
      const outcome = await this.#deps.attempt({ ...planned, slot, attempt, address }, signal);
      if (signal.aborted) return false;
      const placed = outcome.kind === 'untested' ? outcome : { ...outcome, address: index };
      this.#deps.report({ route, slot, attempt, startedAtMs, outcome: placed });
      return true;
    } finally {
      this.#inFlight -= 1;
      this.#gate.leave();
    }
  }
}

function numberOf(received: ReceivedRoute): number {
  return received.kind === 'planned' ? received.planned.route : received.route;
}

/** False where the wait was cut short. */
async function slept(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    if (delayMs > 0) await clock.sleep(delayMs, signal);
    return !signal.aborted;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** FNV-1a, 32 bit: the same on every machine and after every restart. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
