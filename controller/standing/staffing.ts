/** Sees to it that there is an agent for every vantage, without holding up those that are there. */
import { advice } from '../../proto/errors.ts';
import type { Crew } from '../fleet/crew.ts';

export class Staffing {
  readonly #crew: Pick<Crew, 'tend'>;
  #isStaffed = false;
  /** Goes on beside the beats; never rejects. Undefined: nothing is under way. */
  #tending: Promise<void> | undefined;
  #hindrance: string | null = null;

  constructor(crew: Pick<Crew, 'tend'>) {
    this.#crew = crew;
  }

  /** Why agents that are missing cannot be started; null: they can. */
  get hindrance(): string | null {
    return this.#hindrance;
  }

  /**
   * Where the first agents cannot be started, none ever can: rejects as `Crew.tend`. Later it is trouble that passes, and that
   * may last as long as the cluster is borne: resolves at once, so that those who are there are judged and acknowledged.
   */
  async see(signal: AbortSignal): Promise<void> {
    if (this.#isStaffed) {
      this.#tending ??= this.#tend(signal);
    } else {
      await this.#crew.tend(signal);
      this.#isStaffed = true;
    }
  }

  /** Once the signal has aborted: resolves when nothing is under way. */
  async ended(): Promise<void> {
    await this.#tending;
  }

  async #tend(signal: AbortSignal): Promise<void> {
    try {
      if (await this.#crew.tend(signal)) this.#hindrance = null;
    } catch (error) {
      if (!signal.aborted) this.#hindrance = advice(error);
    } finally {
      this.#tending = undefined;
    }
  }
}
