/** When to probe: spread over the interval, in-flight capped, one attempt at a time a route, never catching up. */
import type { Clock } from '../proto/clock.ts';
import type { Outcome, Report } from '../proto/outcome.ts';
import type { PlannedRoute, Task } from '../proto/vocabulary.ts';
import type { ReceivedRoute } from '../proto/wire.ts';
import { createGate } from './gate.ts';

export interface ScheduleDeps {
  readonly clock: Clock;
  /** Spreads the phases of agents that hold the same routes. */
  readonly agentId: string;
  readonly maxInFlight: number;
  readonly attempt: (task: Task, signal: AbortSignal) => Promise<Outcome>;
  readonly report: (report: Report) => void;
}

/** No plan can make a route faster than this. */
export const MIN_INTERVAL_MS = 1_000;

interface Running {
  /** What was received, to tell a repeated line of the plan from a changed one. */
  readonly key: string;
  readonly cancel: AbortController;
}

export class Schedule implements AsyncDisposable {
  readonly #deps: ScheduleDeps;
  readonly #gate: ReturnType<typeof createGate>;
  readonly #routes = new Map<number, Running>();
  readonly #loops = new Set<Promise<void>>();
  #pending = 0;
  #isDraining = false;

  constructor(deps: ScheduleDeps) {
    this.#deps = deps;
    this.#gate = createGate(deps.maxInFlight);
  }

  /** Attempts of one-time routes that are not reported yet. */
  get pendingAttempts(): number {
    return this.#pending;
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
    this.#routes.set(route, { key, cancel });
    if (received.kind === 'unsupported') {
      this.#refuse(received);
      return;
    }
    const { planned } = received;
    const loop = planned.intervalMs === 0 ? this.#once(planned, cancel.signal) : this.#repeat(planned, cancel.signal);
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
        if (!(await this.#attempt(planned, planned.slot, done, signal))) return;
        this.#pending -= 1;
      }
    } finally {
      this.#pending -= planned.attempts - done;
    }
  }

  async #repeat(planned: PlannedRoute, signal: AbortSignal): Promise<void> {
    const { clock, agentId } = this.#deps;
    const intervalMs = Math.max(MIN_INTERVAL_MS, planned.intervalMs);
    const phaseMs = hash(`${agentId}/${String(planned.route)}`) % intervalMs;
    const stop = AbortSignal.any([signal, this.#gate.closed]);
    for (let last = { due: -1, slot: -1 }; ;) {
      const next = Math.floor((clock.nowMs() - phaseMs) / intervalMs) + 1;
      // What was done on time may be done a moment too early. But a wall clock that was set back only gets its slots
      // numbered on: the route must not fall silent until the clock has caught up.
      const due = next === last.due ? next + 1 : next;
      const slot = Math.max(last.slot + 1, due);
      if (!(await slept(clock, due * intervalMs + phaseMs - clock.nowMs(), stop))) return;
      for (let attempt = 0; attempt < planned.attempts; attempt += 1) {
        if (!(await this.#attempt(planned, slot, attempt, signal))) return;
      }
      last = { due, slot };
    }
  }

  /** False: it was not made, because the route was removed or the agent drains. */
  async #attempt(planned: PlannedRoute, slot: number, attempt: number, signal: AbortSignal): Promise<boolean> {
    if (!(await this.#gate.enter(signal))) return false;
    try {
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
