/** Carries what a monitor has to tell to every sink, each at its own pace. */
import type { Monitored } from '../monitor/monitored.ts';
import type { Sink } from './sink.ts';
import { DEFAULT_TELLER_OPTIONS, Teller } from './teller.ts';
import type { SinkState, TellerDeps, TellerOptions } from './teller.ts';

export type { Positions, SinkState, TellerOptions } from './teller.ts';

/** Disposing stops it at once: an event that is being told is told again after the next start. */
export interface Telling extends AsyncDisposable {
  /** In the order of the sinks. */
  readonly states: () => readonly SinkState[];
}

export type TellingDeps = Omit<TellerDeps, 'current'>;

/**
 * Each sink gets each event in order, and one that is slow or dead holds up nobody: what does not fit into its memory
 * is read from the store when its turn comes. At least once: an event whose position was not kept yet is told again
 * after a restart, under the same id. The sinks belong to the caller.
 */
export function startTelling(
  monitored: Pick<Monitored, 'current' | 'onEvent'>,
  sinks: readonly Sink[],
  deps: TellingDeps,
  options: Partial<TellerOptions> = {},
): Telling {
  const all = { ...deps, current: monitored.current };
  const tellers = sinks.map((sink) => new Teller(sink, all, { ...DEFAULT_TELLER_OPTIONS, ...options }));
  const stop = monitored.onEvent((event) => {
    for (const teller of tellers) teller.offer(event);
  });
  const ended = new AbortController();
  const runs = tellers.map((teller) => teller.run(ended.signal));
  return {
    states: () => tellers.map(({ state }) => state),
    [Symbol.asyncDispose]: async () => {
      stop();
      ended.abort(new Error('the telling has ended'));
      await Promise.all(runs);
    },
  };
}
