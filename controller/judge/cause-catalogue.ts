/** What a cause code stands for: the shape of a catalogue entry, and the four places in which a code may stand. */

/** `denial`: why a cell is refused as declared; that is no finding. */
export type CauseUse = 'drift' | 'conflict' | 'denial' | 'unknown';

export interface CauseEntry {
  /** Stable, kebab-case; the anchor of its section in the docs. */
  readonly name: string;
  /** What is wrong, without the real objects: those are in each finding's own sentence. */
  readonly wrong: string;
  /** What to do about it. */
  readonly fix: string;
  readonly uses: readonly CauseUse[];
}
