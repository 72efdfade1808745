/** Numbers by their labels. */

export interface Counted<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly count: number;
}

/** Labels come in one order always: it is by their values that they are told apart. */
export class Tally<Label extends string> {
  readonly #entries = new Map<string, { readonly labels: Readonly<Record<Label, string>>; count: number }>();

  get size(): number {
    return this.#entries.size;
  }

  add(labels: Readonly<Record<Label, string>>, count = 1): void {
    const key = Object.values(labels).join('\u0000');
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, { labels, count });
    else entry.count += count;
  }

  entries(): readonly Counted<Label>[] {
    return [...this.#entries.values()];
  }
}
