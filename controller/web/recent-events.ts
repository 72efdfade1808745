/** The latest events in memory, so that a hundred readers do not ask the store a hundred times for the same. */
import type { StoredEvent } from '../monitor/events.ts';

const KEPT = 1000;

export class RecentEvents {
  readonly #kept: StoredEvent[] = [];
  /** Whatever has come after the event of this number is here; undefined: nothing has come yet. */
  #completeAfter: number | undefined;

  add(event: StoredEvent): void {
    // Of those before the first one nothing is known.
    this.#completeAfter ??= event.id - 1;
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#completeAfter = this.#kept.shift()?.id ?? this.#completeAfter;
  }

  /** Undefined where some of those after `id` may be in the store only. */
  after(id: number, limit: number): readonly StoredEvent[] | undefined {
    if (this.#completeAfter === undefined || id < this.#completeAfter) return undefined;
    const first = this.#kept.findIndex((event) => event.id > id);
    return first < 0 ? [] : this.#kept.slice(first, first + limit);
  }
}
