/** What may be shown of the matrix at this moment, and whether anything in it is known. */
import type { Current } from '../monitor/current.ts';
import type { Monitored } from '../monitor/monitored.ts';

export interface Shown extends Current {
  /** The monitor itself has not moved for three intervals: nothing is known. */
  readonly isStalled: boolean;
}

/** Made once for each state that is asked for. */
export function shownBy(monitored: Pick<Monitored, 'current'>): () => Shown {
  let last: { readonly current: Current; readonly shown: Shown } | undefined;
  return () => {
    const current = monitored.current();
    if (last?.current !== current) {
      const isStalled = current.troubles.some(({ kind }) => kind === 'stalled');
      last = { current, shown: { ...current, isStalled } };
    }
    return last.shown;
  };
}

/** The same tag, the same matrix: over restarts, and with the monitor stalled or not. */
export function tagOf({ startedAtMs, revision, isStalled }: Shown): string {
  return `${String(startedAtMs)}-${String(revision)}${isStalled ? '-stalled' : ''}`;
}
