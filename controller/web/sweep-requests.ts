/** Sweeps that were asked for: one at a time, and what became of the latest. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../proto/errors.ts';
import type { SweepSummary } from '../monitor/events.ts';
import type { Monitored } from '../monitor/monitored.ts';

export type SweepRequest =
  | { readonly id: string; readonly state: 'under-way' }
  | { readonly id: string; readonly state: 'done'; readonly sweep: SweepSummary }
  | { readonly id: string; readonly state: 'failed'; readonly why: string };

const MAX_KEPT = 100;
/** Of the longest sweep that anybody waits for. */
const WITHIN_MS = 900_000;

export class SweepRequests {
  readonly #monitored: Pick<Monitored, 'sweepNow'>;
  readonly #ending: AbortSignal;
  readonly #kept = new Map<string, SweepRequest>();
  #latest = '';

  constructor(monitored: Pick<Monitored, 'sweepNow'>, ending: AbortSignal) {
    this.#monitored = monitored;
    this.#ending = ending;
  }

  /** The one that is under way, where one is. */
  ask(): SweepRequest {
    const latest = this.#kept.get(this.#latest);
    if (latest?.state === 'under-way') return latest;
    const id = randomUUID();
    const request: SweepRequest = { id, state: 'under-way' };
    this.#latest = id;
    this.#kept.set(id, request);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MAX_KEPT) this.#kept.delete(oldest);
    const signal = AbortSignal.any([this.#ending, AbortSignal.timeout(WITHIN_MS)]);
    void this.#monitored.sweepNow(signal, { isKept: true }).then(
      ({ summary }) => this.#kept.set(id, { id, state: 'done', sweep: summary }),
      (error: unknown) => this.#kept.set(id, { id, state: 'failed', why: messageOf(error) }),
    );
    return request;
  }

  find(id: string): SweepRequest | undefined {
    return this.#kept.get(id);
  }
}
