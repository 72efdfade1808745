/** Sweeps that somebody asks for: one for all who ask while it is under way. */
import { MeshproofError } from '../../proto/errors.ts';
import { orAborted } from '../../proto/or-aborted.ts';
import type { StoredEvent } from '../monitor/events.ts';
import type { RequestedSweep } from '../monitor/monitored.ts';

export class Requests {
  #requested: PromiseWithResolvers<RequestedSweep> | undefined;
  /** Of the sweep that is under way, once it is complete. */
  #missed: ReadonlySet<string> | undefined;
  #isKept = false;

  /** Somebody wants the whole of the sweep that is under way. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** As `Monitored.sweepNow`; `begin` is called where none is under way. */
  async ask(signal: AbortSignal, isKept: boolean, begin: () => void): Promise<RequestedSweep> {
    signal.throwIfAborted();
    // A complete one is about to be stored as it is: who asks now gets the next.
    while (this.#requested !== undefined && this.#missed !== undefined)
      await orAborted(this.#requested.promise, signal);
    if (isKept) this.#isKept = true;
    if (this.#requested === undefined) {
      this.#requested = Promise.withResolvers();
      begin();
    }
    return await orAborted(this.#requested.promise, signal);
  }

  /** It is complete, but for these; who waits hears of it when that is stored. */
  complete(missed: ReadonlySet<string>): void {
    this.#missed = missed;
  }

  readonly told = ({ event }: StoredEvent): void => {
    if (event.kind !== 'sweep' || event.sweep.trigger !== 'request') return;
    this.#requested?.resolve({ summary: event.sweep, missed: this.#missed ?? new Set() });
    this.#requested = undefined;
    this.#missed = undefined;
    this.#isKept = false;
  };

  /** Nothing comes of what is under way. */
  end(): void {
    this.#requested?.promise.catch(() => undefined);
    this.#requested?.reject(new MeshproofError('MPE_CONTROLLER_UNREACHABLE', 'the controller stops'));
  }
}
