/** One try after the other to take, keep or give back a Lease, by what was seen of it and for how long. */
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { Deadline } from '../../proto/deadline.ts';
import type { Fields } from '../declared/reading.ts';
import type { LeaseApi } from './lease-api.ts';
import { microTime } from '../api-server/micro-time.ts';
import { leaseObject, readLease } from './lease-record.ts';

export interface CandidateDeps {
  readonly api: LeaseApi;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other: who has the same name is taken for the same. */
  readonly identity: string;
}

/** A Lease that is ours. */
export interface Held {
  readonly kind: 'held';
  readonly lease: Fields;
  /** When what made it ours was sent, on the monotonic clock: nobody has seen it sooner. */
  readonly sentAtMs: number;
}

export type Try =
  | Held
  /** Somebody else has it, for all we know. */
  | { readonly kind: 'anothers' }
  /** Nobody can tell: trouble, or somebody was faster. */
  | { readonly kind: 'open' };

/** client-go: tools/leaderelection/leaderelection.go, with the values of Kubernetes' own controllers. */
const DURATION_MS = 15_000;
/** Of one try; half of what a leader has for it, so that another one fits in (controller-runtime: pkg/leaderelection). */
const TRY_MS = 5_000;

const OPEN: Try = { kind: 'open' };

/** Throws MPE_NOT_PERMITTED and the signal's reason only. */
export class Candidate {
  readonly #deps: CandidateDeps;
  readonly #options: LeaseOptions;
  /** The Lease as it was when it last changed, and since when: by our own clock, never by its holder's. */
  #seen: { readonly resourceVersion: string; readonly transitions: number; readonly freeAtMs: number } | undefined;
  #said = '';

  constructor(deps: CandidateDeps, options: LeaseOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * Takes the Lease if it is ours, nobody's, or has not been renewed for as long as it lasts. It is another term then, also
   * where we had it before, so that what is left of that one cannot end this; only who holds it already names its `term`.
   */
  async take(signal: AbortSignal, term?: number): Promise<Try> {
    return await this.#within(async (until) => {
      const lease = await this.#deps.api.read(until);
      const { holder, isFree } = this.#look(lease);
      if (!isFree) {
        this.#sayOnce(`the Lease is held by ${holder}`);
        return { kind: 'anothers' };
      }
      const transitions = this.#seen?.transitions ?? -1;
      const isStillOurs = lease !== undefined && term !== undefined && this.#isOfTerm(lease, term);
      return await this.#write(lease, isStillOurs ? transitions : transitions + 1, until);
    }, signal);
  }

  /** Writes over what was ours when we saw it last; where that is not what is there, looks again. */
  async renew({ lease }: Held, signal: AbortSignal): Promise<Try> {
    const { transitions } = readLease(lease);
    const renewed = await this.#within((until) => this.#write(lease, transitions, until), signal);
    return renewed.kind === 'held' ? renewed : await this.take(signal, transitions);
  }

  /** Holder nobody: whoever waits need not wait for its time to be up. */
  async release({ lease }: Held, signal: AbortSignal): Promise<void> {
    const { api } = this.#deps;
    await this.#within(async (until) => {
      const released = await api.update(this.#nobodys(lease), until);
      if (released.kind === 'written') return OPEN;
      // A renewal whose answer we did not wait for was taken before; or the next term has begun, and is not ours to end.
      const now = await api.read(until);
      if (now !== undefined && this.#isOfTerm(now, readLease(lease).transitions)) {
        await api.update(this.#nobodys(now), until);
      }
      return OPEN;
    }, signal);
  }

  #isOfTerm(lease: Fields, term: number): boolean {
    const { holder, transitions } = readLease(lease);
    return holder === this.#options.identity && transitions === term;
  }

  /** One that is gone was perhaps removed under its holder, who does not know yet. */
  #look(lease: Fields | undefined): { readonly holder: string; readonly isFree: boolean } {
    const nowMs = this.#deps.clock.monotonicMs();
    if (lease === undefined) return { holder: 'somebody', isFree: nowMs >= (this.#seen?.freeAtMs ?? nowMs) };
    const { holder, durationMs, transitions, resourceVersion } = readLease(lease);
    const isNobodys = holder === '' || holder === this.#options.identity;
    if (this.#seen?.resourceVersion !== resourceVersion) {
      this.#seen = { resourceVersion, transitions, freeAtMs: isNobodys ? nowMs : nowMs + durationMs };
    }
    return { holder, isFree: isNobodys || nowMs >= this.#seen.freeAtMs };
  }

  async #write(former: Fields | undefined, transitions: number, signal: AbortSignal): Promise<Try> {
    const { api, clock } = this.#deps;
    const { identity: holder } = this.#options;
    const nowMs = clock.nowMs();
    const isSameTerm = former !== undefined && this.#isOfTerm(former, transitions);
    const acquiredAt = isSameTerm ? readLease(former).acquiredAt : microTime(nowMs);
    const wanted = leaseObject(
      this.#options,
      { holder, durationMs: DURATION_MS, transitions, acquiredAt },
      nowMs,
      former,
    );
    const sentAtMs = clock.monotonicMs();
    const written = await (former === undefined ? api.create(wanted, signal) : api.update(wanted, signal));
    return written.kind === 'written' ? { kind: 'held', lease: written.lease, sentAtMs } : OPEN;
  }

  #nobodys(lease: Fields): Fields {
    const { transitions, acquiredAt } = readLease(lease);
    const record = { holder: '', durationMs: 1_000, transitions, acquiredAt };
    return leaseObject(this.#options, record, this.#deps.clock.nowMs(), lease);
  }

  async #within(work: (signal: AbortSignal) => Promise<Try>, signal: AbortSignal): Promise<Try> {
    signal.throwIfAborted();
    const deadline = new Deadline(this.#deps.clock, TRY_MS, signal);
    try {
      return await work(deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MeshproofError && error.code === 'MPE_NOT_PERMITTED') throw error;
      this.#sayOnce(`the Lease is out of reach: ${messageOf(error)}`);
      return OPEN;
    } finally {
      deadline.end();
    }
  }

  /** What is the same every two seconds is told once. */
  #sayOnce(what: string): void {
    if (what !== this.#said) this.#deps.debug(what);
    this.#said = what;
  }
}
