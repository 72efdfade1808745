/** Wakes whoever waits for something to have happened. */

export class Bell {
  #rung = Promise.withResolvers<undefined>();

  /** Take it before looking whether there is something: what happens while one looks rings as well. */
  get next(): Promise<undefined> {
    return this.#rung.promise;
  }

  ring(): void {
    this.#rung.resolve(undefined);
    this.#rung = Promise.withResolvers();
  }
}
