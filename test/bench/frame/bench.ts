/** What a benchmark is and what it hands over: rows of figures, each with what it is held against. */

export interface Figure {
  readonly value: number;
  /** `µs`, `ms`, `s`, `` for a count. */
  readonly unit: string;
}

export type Bar =
  /** The other's figure divided by ours. */
  { readonly kind: 'ratio-at-least'; readonly least: number } | { readonly kind: 'at-most'; readonly most: number };

export interface Row {
  /** `mTLS HTTP, blackbox_exporter`. */
  readonly what: string;
  /** Undefined: it could not be measured; the note says why. */
  readonly ours: Figure | undefined;
  /** Who else was measured in the same run, or a constant that is known of him. */
  readonly beside?: { readonly name: string; readonly figure: Figure | undefined };
  /** Undefined: for information. */
  readonly bar: Bar | undefined;
  readonly note?: string;
}

export interface Bench {
  readonly name: string;
  /** One sentence: what is measured. */
  readonly about: string;
  /** How the figure grows when its input is doubled. */
  readonly growth: string;
  /** Ends everything that it starts. `say` tells a person what goes on. */
  readonly run: (say: (text: string) => void, signal: AbortSignal) => Promise<readonly Row[]>;
}

/** The other's figure divided by ours: above 1 we need less. Undefined where one of them is missing. */
export function ratioOf({ ours, beside }: Row): number | undefined {
  const other = beside?.figure;
  if (ours === undefined || other === undefined || ours.value === 0) return undefined;
  return other.value / ours.value;
}

/** Undefined: there is no bar, or nothing to hold against it. */
export function isMet(row: Row): boolean | undefined {
  switch (row.bar?.kind) {
    case 'ratio-at-least': {
      const ratio = ratioOf(row);
      return ratio === undefined ? undefined : ratio >= row.bar.least;
    }
    case 'at-most':
      return row.ours === undefined ? undefined : row.ours.value <= row.bar.most;
    case undefined:
      return undefined;
  }
}
