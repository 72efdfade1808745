/** One sink being told: each event once and in order, again and again where it is not taken, and given up in the end. */
import { messageOf } from '../../proto/errors.ts';
import type { Clock } from '../../proto/clock.ts';
import type { Current } from '../monitor/current.ts';
import type { StoredEvent } from '../monitor/events.ts';
import { Backoff } from '../../proto/backoff.ts';
import { Deadline } from '../../proto/deadline.ts';
import { Backlog } from './backlog.ts';
import type { ReadEvents } from './backlog.ts';
import type { Sink, Told } from './sink.ts';

/** How far each sink was told, kept over restarts. */
export interface Positions {
  /** Undefined: nothing was kept for this sink. */
  readonly load: (sink: string) => Promise<number | undefined>;
  readonly save: (sink: string, eventId: number) => Promise<void>;
}

export interface TellerDeps {
  readonly clock: Clock;
  /** Of the store. */
  readonly events: ReadEvents;
  readonly current: () => Current;
  /** Without it a restart begins with what comes after it, and what was not told before is not told any more. */
  readonly remember?: Positions;
  /** One line each, without secrets. */
  readonly debug: (message: string) => void;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
}

export interface TellerOptions {
  /** Events that wait for one sink in memory. @default 1000 */
  readonly queueLength: number;
  /** An event that the receiver answered so often without taking it is given up. @default 10 */
  readonly refusals: number;
  /** An event that is older is given up where the receiver is away. @default 24 hours */
  readonly oldestMs: number;
  /** @default 500 */
  readonly firstPauseMs: number;
  /** @default 60 000 */
  readonly longestPauseMs: number;
}

export const DEFAULT_TELLER_OPTIONS: TellerOptions = {
  queueLength: 1000,
  refusals: 10,
  oldestMs: 86_400_000,
  firstPauseMs: 500,
  longestPauseMs: 60_000,
};

/** What is known of one sink; counts are of this process. */
export interface SinkState {
  readonly name: string;
  /** The last event that was told or given up; null: none yet. */
  readonly position: number | null;
  /** The newest event there is. */
  readonly newestId: number;
  readonly told: number;
  readonly givenUp: number;
  /** Events that did not fit in memory and were left to be read from the store. */
  readonly overflowed: number;
  /** Ranges of ids that were gone from the store before they could be told. */
  readonly missing: number;
  /** Why the latest try did not succeed; null: it did. */
  readonly trouble: { readonly why: string; readonly sinceMs: number } | null;
}

const PATIENCE_MS = 15_000;
/** While there is more to tell, the position is kept after so many; otherwise after each. */
const KEPT_EVERY = 100;

export class Teller {
  readonly #sink: Sink;
  readonly #deps: TellerDeps;
  readonly #options: TellerOptions;
  readonly #backlog: Backlog;
  readonly #backoff: Backoff;
  #position: number | null = null;
  #keptPosition: number | null = null;
  #told = 0;
  #givenUp = 0;
  #missing = 0;
  #trouble: SinkState['trouble'] = null;
  #lastGivenUp = '';

  constructor(sink: Sink, deps: TellerDeps, options: TellerOptions) {
    this.#sink = sink;
    this.#deps = deps;
    this.#options = options;
    this.#backoff = new Backoff({
      firstMs: options.firstPauseMs,
      longestMs: options.longestPauseMs,
      ...(deps.random && { random: deps.random }),
    });
    this.#backlog = new Backlog(deps.events, {
      length: options.queueLength,
      onOverflow: (fromId) => {
        this.#say(`${String(options.queueLength)} events wait; from event ${String(fromId)} on they stay in the store`);
      },
      onMissing: ({ fromId, toId }) => {
        this.#missing += 1;
        this.#say(`events ${String(fromId)} to ${String(toId)} are gone from the store and cannot be told`);
      },
    });
  }

  get state(): SinkState {
    return {
      name: this.#sink.name,
      position: this.#position,
      newestId: this.#backlog.newestId,
      told: this.#told,
      givenUp: this.#givenUp,
      overflowed: this.#backlog.overflowed,
      missing: this.#missing,
      trouble: this.#trouble,
    };
  }

  offer(event: StoredEvent): void {
    this.#backlog.offer(event);
  }

  /** Ends with the signal, and resolves then; what was told is kept. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      this.#position = await this.#untilItWorks('read where to go on', () => this.#begin(), signal);
      await this.#keep();
      for (let since = 1; ; since += 1) {
        const event = await this.#untilItWorks('read events', () => this.#backlog.next(signal), signal);
        await this.#tell(event, signal);
        this.#position = event.id;
        if (this.#backlog.held > 0 && since < KEPT_EVERY) continue;
        await this.#keep();
        since = 0;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.#keep();
    }
  }

  async #begin(): Promise<number> {
    return this.#backlog.begin(await this.#deps.remember?.load(this.#sink.name));
  }

  /** Told or given up when it resolves. */
  async #tell(event: StoredEvent, signal: AbortSignal): Promise<void> {
    for (let refusals = 0; ;) {
      const told = await this.#try(event, signal);
      if (told.kind === 'told') {
        this.#succeeded();
        return;
      }
      this.#failed(event, told.why);
      if (told.kind === 'refused') refusals += 1;
      const isHopeless = told.kind === 'rejected' || refusals >= this.#options.refusals || this.#isTooOld(event);
      if (isHopeless) {
        this.#giveUp(event, told.why);
        return;
      }
      await this.#deps.clock.sleep(this.#backoff.nextMs(told.retryAfterMs), signal);
    }
  }

  async #try(event: StoredEvent, signal: AbortSignal): Promise<Told> {
    const patienceMs = this.#sink.patienceMs ?? PATIENCE_MS;
    const deadline = new Deadline(this.#deps.clock, patienceMs, signal);
    try {
      return await this.#sink.tell(event, this.#deps.current(), deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.isOver) return { kind: 'away', why: `no answer for ${String(patienceMs)} ms`, retryAfterMs: null };
      const why = messageOf(error);
      return { kind: 'refused', why, retryAfterMs: null };
    } finally {
      deadline.end();
    }
  }

  #isTooOld({ event }: StoredEvent): boolean {
    return this.#deps.clock.nowMs() - event.atMs > this.#options.oldestMs;
  }

  #succeeded(): void {
    this.#told += 1;
    this.#backoff.succeeded();
    this.#lastGivenUp = '';
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#say(`events are taken again; ${String(this.#givenUp)} were given up so far`);
  }

  #failed({ id }: StoredEvent, why: string): void {
    if (this.#trouble === null) this.#say(`event ${String(id)} is not taken: ${why}`);
    this.#trouble = { why, sinceMs: this.#trouble?.sinceMs ?? this.#deps.clock.nowMs() };
  }

  /** One line for as long as the reason is the same: thousands of lines would hide it. */
  #giveUp({ id }: StoredEvent, why: string): void {
    this.#givenUp += 1;
    if (why === this.#lastGivenUp) return;
    this.#lastGivenUp = why;
    this.#say(`event ${String(id)} is given up: ${why}`);
  }

  async #keep(): Promise<void> {
    const { remember } = this.#deps;
    if (remember === undefined || this.#position === null || this.#position === this.#keptPosition) return;
    try {
      await remember.save(this.#sink.name, this.#position);
      this.#keptPosition = this.#position;
    } catch (error) {
      const why = messageOf(error);
      this.#say(`cannot remember that event ${String(this.#position)} was told: ${why}`);
    }
  }

  /** The store may be away for a while; events wait in it. */
  async #untilItWorks<T>(what: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { firstPauseMs, longestPauseMs } = this.#options;
    const backoff = new Backoff({ firstMs: firstPauseMs, longestMs: longestPauseMs });
    for (;;) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const why = messageOf(error);
        if (backoff.failures === 0) this.#say(`cannot ${what}: ${why}`);
        await this.#deps.clock.sleep(backoff.nextMs(), signal);
      }
    }
  }

  #say(message: string): void {
    this.#deps.debug(`telling ${this.#sink.name}: ${message}`);
  }
}
