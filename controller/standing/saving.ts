/** What has changed goes to the store, and is told of once it is there: nobody hears of what might be lost. */
import type { Clock } from '../../proto/clock.ts';
import type { StoredEvent } from '../monitor/events.ts';
import type { AgentPosition, Store } from '../store/store.ts';
import { Unsaved } from '../store/unsaved.ts';

export interface SavingDeps {
  readonly store: Pick<Store, 'commit' | 'trim'>;
  readonly clock: Clock;
  /** What the agent has reported up to there is stored. */
  readonly settle: (position: AgentPosition) => void;
}

const TRIM_EVERY_MS = 60_000;

export class Saving {
  readonly unsaved = new Unsaved();
  readonly #deps: SavingDeps;
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #trimmedAtMs: number;

  constructor(deps: SavingDeps) {
    this.#deps = deps;
    this.#trimmedAtMs = deps.clock.monotonicMs();
  }

  /** Calls the listener with each event once it is stored, in order, until the returned function is called. */
  readonly onEvent = (listener: (event: StoredEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * One commit at most: what has come in since it was judged is not told of before it is judged as well. Resolves to whether
   * everything that was there is stored. Rejects as the store does; what it did not take is kept for the next time.
   */
  async save(): Promise<boolean> {
    const isBehind = this.unsaved.hasReturned;
    if (!this.unsaved.isEmpty) await this.#commit();
    return !isBehind;
  }

  /** Now and then, what is too old to be kept goes. Rejects as the store does. */
  async trim(): Promise<void> {
    const { store, clock } = this.#deps;
    if (clock.monotonicMs() - this.#trimmedAtMs <= TRIM_EVERY_MS) return;
    this.#trimmedAtMs = clock.monotonicMs();
    await store.trim(clock.nowMs());
  }

  async #commit(): Promise<void> {
    const changes = this.unsaved.take();
    let stored: readonly StoredEvent[];
    try {
      stored = await this.#deps.store.commit(changes);
    } catch (error) {
      this.unsaved.restore(changes);
      throw error;
    }
    for (const position of changes.positions) this.#deps.settle(position);
    for (const event of stored) {
      for (const listener of this.#listeners) listener(event);
    }
  }
}
