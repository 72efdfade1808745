/** Events that one sink has still to be told: few of them are held here, and what is too much is read from the store later. */
import type { StoredEvent } from '../monitor/events.ts';
import type { EventQuery } from '../store/store.ts';

export type ReadEvents = (query: EventQuery) => Promise<readonly StoredEvent[]>;

/** Ids, both included. */
export interface Gap {
  readonly fromId: number;
  readonly toId: number;
}

export interface BacklogOptions {
  /** Events held here at most. */
  readonly length: number;
  /** More came than are held here; from this event on they will be read from the store. */
  readonly onOverflow: (fromId: number) => void;
  /** Events that came and are no more in the store: nobody can tell them. */
  readonly onMissing: (gap: Gap) => void;
}

/** The most that the store gives at once. */
const READ_AT_ONCE = 1000;

export class Backlog {
  readonly #read: ReadEvents;
  readonly #options: BacklogOptions;
  #held: StoredEvent[] = [];
  /** What comes after this event is still to be handed out or held. */
  #afterId: number | null = null;
  #newestId = 0;
  /** The first event that came and was not held. Null: everything that came is held, or was handed out. */
  #unheldFromId: number | null = null;
  #isBehind = true;
  #overflowed = 0;
  #arrival = Promise.withResolvers<undefined>();

  constructor(read: ReadEvents, options: BacklogOptions) {
    this.#read = read;
    this.#options = options;
  }

  get held(): number {
    return this.#held.length;
  }

  /** What is in the store has to be read before anything that comes can be held. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Events that were not held when they came. */
  get overflowed(): number {
    return this.#overflowed;
  }

  get newestId(): number {
    return this.#newestId;
  }

  /** Never waits, whoever is behind. */
  offer(event: StoredEvent): void {
    if (event.id <= this.#newestId) return;
    this.#newestId = event.id;
    if (this.#isBehind || this.#held.length >= this.#options.length) {
      if (this.#unheldFromId === null) this.#unheldFromId = event.id;
      if (!this.#isBehind) this.#options.onOverflow(event.id);
      if (this.#afterId !== null) this.#overflowed += 1;
      this.#isBehind = true;
    } else {
      this.#held.push(event);
    }
    this.#arrival.resolve(undefined);
  }

  /**
   * Says where to go on. Without a remembered event: with whatever comes from the beginning of this process on. Resolves
   * to the event after which it begins. Rejects with what the store says.
   */
  async begin(remembered: number | undefined): Promise<number> {
    const [newest] = await this.#read({ beforeId: Number.MAX_SAFE_INTEGER, limit: 1 });
    const storedId = newest?.id ?? 0;
    // A store whose newest event is older than what was told is another store: none of its events was told.
    const goOn = remembered === undefined || remembered <= storedId ? remembered : 0;
    this.#afterId = goOn ?? Math.min(storedId, (this.#unheldFromId ?? Infinity) - 1);
    this.#newestId = Math.max(this.#newestId, storedId);
    this.#isBehind = this.#afterId < this.#newestId;
    if (!this.#isBehind) this.#unheldFromId = null;
    return this.#afterId;
  }

  /** The next one in order. Rejects with the signal's reason, and with what the store says. */
  async next(signal: AbortSignal): Promise<StoredEvent> {
    for (;;) {
      signal.throwIfAborted();
      const event = this.#held.shift();
      if (event !== undefined) {
        this.#afterId = event.id;
        return event;
      }
      if (this.#isBehind) await this.#catchUp();
      else await this.#untilArrival(signal);
    }
  }

  async #catchUp(): Promise<void> {
    const afterId = this.#afterId ?? 0;
    const limit = Math.min(this.#options.length, READ_AT_ONCE);
    const soughtId = this.#newestId;
    const events = await this.#read({ afterId, limit });
    this.#held = [...events];
    const [first] = events;
    const firstId = first?.id ?? soughtId + 1;
    if (this.#unheldFromId !== null && this.#unheldFromId < firstId) {
      this.#options.onMissing({ fromId: Math.max(this.#unheldFromId, afterId + 1), toId: firstId - 1 });
    }
    const readUpTo = events.at(-1)?.id ?? soughtId;
    this.#afterId = events.length === 0 ? soughtId : afterId;
    this.#newestId = Math.max(this.#newestId, readUpTo);
    this.#isBehind = readUpTo < this.#newestId;
    // Ids may have holes, so that only those that came are looked for: the first one, and then the newest.
    if (!this.#isBehind) this.#unheldFromId = null;
    else if (this.#unheldFromId !== null && this.#unheldFromId <= readUpTo) this.#unheldFromId = this.#newestId;
  }

  async #untilArrival(signal: AbortSignal): Promise<void> {
    this.#arrival = Promise.withResolvers<undefined>();
    const { promise, resolve, reject } = this.#arrival;
    const giveUp = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
      resolve(undefined);
    }
  }
}
