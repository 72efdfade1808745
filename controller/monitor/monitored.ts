/** What everybody who shows or tells what a monitor sees has of it. */
import type { Mesh } from '../declared/mesh.ts';
import type { Current } from './current.ts';
import type { StoredEvent, SweepSummary } from './events.ts';

/**
 * Outcomes as they came in, by what became of them. `late`: a newer round of the route is known. `unasked`: no such attempt
 * is planned. `repeated`: counted before. `refused`: of an agent that is not wanted any more.
 */
export type IngestResult = 'counted' | 'repeated' | 'late' | 'unasked' | 'refused';

export interface RequestedSweep {
  readonly summary: SweepSummary;
  /** Keys of planned routes that were not attempted after it was asked for: nobody was there to, or it took too long. */
  readonly missed: ReadonlySet<string>;
}

export interface Monitored {
  readonly current: () => Current;
  /** The declared state behind `current`, for explanations; undefined until it is known. */
  readonly mesh: () => Mesh | undefined;
  /** Calls the listener with each event once it is stored, in order, until the returned function is called. */
  readonly onEvent: (listener: (event: StoredEvent) => void) => () => void;
  /** Calls the listener whenever `current` has changed. */
  readonly onChange: (listener: () => void) => () => void;
  /**
   * Attempts every route at once that can be, and resolves when that is judged. Who asks while one is under way gets that one.
   * `isKept`: the whole of it is stored, if anybody who waits for it wants that. Rejects with the signal's reason.
   */
  readonly sweepNow: (signal: AbortSignal, wanted?: { readonly isKept: boolean }) => Promise<RequestedSweep>;
  /** Outcomes so far, by what became of them; none ever falls. */
  readonly ingested: () => Readonly<Record<IngestResult, number>>;
  /** Declared objects so far that could not be taken as they are written, by their kind. */
  readonly rejectedObjects: () => Readonly<Record<string, number>>;
  /** Streams so far that were turned away before anything of them was taken. */
  readonly refusedStreams: () => number;
}
