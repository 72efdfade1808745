/** Waiting for a condition that changes by events, with a deadline. */
import type { Clock } from '../../proto/clock.ts';

/** Wakes everybody who waits, however many touches happened since they looked. */
export class Changes {
  #next = Promise.withResolvers<undefined>();

  touch(): void {
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers<undefined>();
    resolve(undefined);
  }

  get next(): Promise<undefined> {
    return this.#next.promise;
  }
}

/** True as soon as the condition holds; false when `deadlineMs` (monotonic) came first. Rejects only when aborted. */
export async function waitUntil(
  isTrue: () => boolean,
  deps: { readonly changes: Changes; readonly clock: Clock },
  deadlineMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { changes, clock } = deps;
  signal.throwIfAborted();
  const timer = new AbortController();
  const late = Promise.withResolvers<'late'>();
  const overdue = clock.sleep(deadlineMs - clock.monotonicMs(), AbortSignal.any([signal, timer.signal])).then(
    () => {
      late.resolve('late');
    },
    (error: unknown) => {
      late.reject(error);
    },
  );
  late.promise.catch(() => undefined);
  try {
    for (;;) {
      const { next } = changes;
      if (isTrue()) return true;
      if ((await Promise.race([next, late.promise])) === 'late') return isTrue();
    }
  } finally {
    timer.abort();
    await overdue;
  }
}
