/** Streams that were turned away: each kind said once, however often it comes again. */

/** Kinds that are told apart; whoever dials chooses what it claims, and could otherwise fill any log. */
const MAX_KINDS = 100;
/** Characters of what was claimed. */
const MAX_SHOWN = 64;

export class Refusals {
  readonly #say: (message: string) => void;
  readonly #said = new Set<string>();
  #count = 0;

  constructor(say: (message: string) => void) {
    this.#say = say;
  }

  /** All of them, the silent ones included. */
  get count(): number {
    return this.#count;
  }

  /** @param claimed The agent id that was claimed; empty: the stream ended before any was. */
  note(claimed: string, why: string): void {
    this.#count += 1;
    if (this.#said.size > MAX_KINDS) return;
    const who =
      claimed === '' ? 'a stream without Hello' : `a stream that claims to be ${JSON.stringify(cut(claimed))}`;
    const message = `${who} was turned away: ${why} (said once)`;
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#say(this.#said.size > MAX_KINDS ? 'more streams are turned away than are listed here' : message);
  }
}

function cut(claimed: string): string {
  return claimed.length > MAX_SHOWN ? `${claimed.slice(0, MAX_SHOWN)}…` : claimed;
}
