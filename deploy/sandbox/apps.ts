/** The applications of a sandbox: one responder for every port that answers. */
import { isDeepStrictEqual } from 'node:util';
import { startResponder, type Responder } from '../../agent/responder.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { AppPlan } from './plans.ts';

interface Running {
  readonly plan: AppPlan;
  readonly responder: Responder;
}

export class Apps implements AsyncDisposable {
  /** By address. */
  readonly #running = new Map<string, Running>();

  /**
   * From the applications that run to these; those that are in both are not touched. Where it rejects, with
   * MPE_PORT_IN_USE, it can be called again with those before.
   */
  async change(plans: readonly AppPlan[], signal: AbortSignal): Promise<void> {
    const wanted = new Map(plans.map((plan) => [keyOf(plan), plan]));
    await Promise.all(
      [...this.#running].map(async ([key, { plan, responder }]) => {
        if (isDeepStrictEqual(plan, wanted.get(key))) return;
        this.#running.delete(key);
        await responder[Symbol.asyncDispose]();
      }),
    );
    const starts = [...wanted]
      .filter(([key]) => !this.#running.has(key))
      .map(async ([key, plan]) => {
        this.#running.set(key, { plan, responder: await start(plan, signal) });
      });
    // Those that listen must be known before the first failure is passed on, or they would stay.
    await Promise.allSettled(starts);
    await Promise.all(starts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ responder }) => responder[Symbol.asyncDispose]()));
    this.#running.clear();
  }
}

function start({ pod, ...listener }: AppPlan, signal: AbortSignal): Promise<Responder> {
  return startResponder({ pod, listeners: [listener], signal });
}

function keyOf({ address }: AppPlan): string {
  return addressText(address);
}
