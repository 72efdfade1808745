/** One active controller: who holds the Lease leads, and gives up a good while before anybody else may take it. */
import { messageOf } from '../../proto/errors.ts';
import type { Clock } from '../../proto/clock.ts';
import { Deadline } from '../../proto/deadline.ts';
import type { KubernetesApi } from '../api-server/kubernetes-api.ts';
import { Candidate } from './candidate.ts';
import type { Held, LeaseOptions } from './candidate.ts';
import { leaseApi } from './lease-api.ts';
import { readLease } from './lease-record.ts';

export type { LeaseOptions } from './candidate.ts';

export interface LeaseDeps {
  readonly api: Pick<KubernetesApi, 'ask'>;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

/** Disposing gives the Lease back, so that a standby takes over at once: first stop what only a leader may do. */
export interface Leadership extends AsyncDisposable {
  /** Aborted as soon as somebody else may lead, and when the Lease is given back. */
  readonly lost: AbortSignal;
  /** How often the Lease has changed hands, this time included: grows from one leader to the next. */
  readonly transitions: number;
}

/** client-go: tools/leaderelection/leaderelection.go, with the values of Kubernetes' own controllers. */
const RENEW_WITHIN_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Resolves when we lead. Rejects with MPE_NOT_PERMITTED and with the signal's reason, which ends the waiting only; other
 * trouble is waited out.
 *
 * Two never lead at once, as long as time passes for both alike; what their clocks show is of no account. A leader gives
 * up 10 s after it *sent* the last renewal that was taken, and nobody has seen that sooner; a standby takes over 15 s after
 * it saw it. (client-go counts from the answer, so that a slow one can make two leaders.)
 */
export async function holdLease(
  { api, clock, debug }: LeaseDeps,
  options: LeaseOptions,
  signal: AbortSignal,
): Promise<Leadership> {
  const candidate = new Candidate({ api: leaseApi(api, options), clock, debug }, options);
  for (;;) {
    const tried = await candidate.take(signal);
    if (tried.kind === 'held') return new Term(candidate, tried, { clock, debug });
    await clock.sleep(RETRY_MS, signal);
  }
}

class Term implements Leadership {
  readonly lost: AbortSignal;
  readonly transitions: number;
  readonly #candidate: Candidate;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #limit: Deadline;
  readonly #running: Promise<void>;
  #held: Held;

  constructor(candidate: Candidate, held: Held, { clock, debug }: Pick<LeaseDeps, 'clock' | 'debug'>) {
    this.#candidate = candidate;
    this.#clock = clock;
    this.#held = held;
    this.transitions = readLease(held.lease).transitions;
    this.#limit = new Deadline(clock, this.#leftMs, this.#over.signal);
    this.lost = this.#limit.signal;
    this.lost.addEventListener('abort', () => {
      debug(`leadership is over: ${messageOf(this.lost.reason)}`);
    });
    this.#running = this.#renew();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOurs = !this.lost.aborted;
    this.#over.abort(new Error('the Lease is given back'));
    await this.#running;
    if (isOurs) await this.#candidate.release(this.#held, new AbortController().signal);
  }

  /** Until it is lost or given back; never rejects. */
  async #renew(): Promise<void> {
    try {
      for (;;) {
        await this.#clock.sleep(RETRY_MS, this.lost);
        const tried = await this.#candidate.renew(this.#held, this.lost);
        if (tried.kind === 'anothers') throw new Error('somebody else holds the Lease');
        if (tried.kind === 'open') continue;
        this.#held = tried;
        this.#limit.restart(this.#leftMs);
      }
    } catch (error) {
      this.#over.abort(error);
    } finally {
      this.#limit.end();
    }
  }

  get #leftMs(): number {
    return this.#held.sentAtMs + RENEW_WITHIN_MS - this.#clock.monotonicMs();
  }
}
