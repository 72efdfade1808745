/** Lets at most so many in at a time, in the order of their coming. */

export interface Gate {
  /** True: in; `leave` must follow. False: the signal aborted first, or the gate was closed. */
  readonly enter: (signal: AbortSignal) => Promise<boolean>;
  readonly leave: () => void;
  /** Nobody gets in any more; those who wait are sent away. */
  readonly close: () => void;
  readonly closed: AbortSignal;
}

export function createGate(places: number): Gate {
  const closing = new AbortController();
  const waiting = new Set<(isIn: boolean) => void>();
  let free = places;
  return {
    enter: async (signal) => {
      if (closing.signal.aborted || signal.aborted) return false;
      if (free > 0) {
        free -= 1;
        return true;
      }
      const turn = Promise.withResolvers<boolean>();
      const giveUp = (): void => {
        waiting.delete(turn.resolve);
        turn.resolve(false);
      };
      waiting.add(turn.resolve);
      signal.addEventListener('abort', giveUp);
      const isIn = await turn.promise;
      signal.removeEventListener('abort', giveUp);
      return isIn;
    },
    leave: () => {
      const next = waiting.values().next().value;
      if (next === undefined) {
        free += 1;
        return;
      }
      waiting.delete(next);
      next(true);
    },
    close: () => {
      closing.abort();
      for (const sendAway of waiting) sendAway(false);
      waiting.clear();
    },
    closed: closing.signal,
  };
}
