/** Stops waiting for what cannot itself be stopped: a read that nobody writes to, work that goes on for others. */

/** Rejects with the signal's reason as soon as it is aborted; what `work` comes to afterwards is of no interest. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
