/** Reads server-sent events off a raw connection, no faster than it is asked to. */
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';

export interface ReadEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export class EventReader implements Disposable {
  readonly response: IncomingMessage;
  readonly #pieces: AsyncIterator<string>;
  #text = '';

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    this.#pieces = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  }

  /** Resolves once the stream has begun, or another answer came. `ca`: PEM, for https. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}, ca = ''): Promise<EventReader> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { headers: { accept: 'text/event-stream', ...headers }, agent: false as const };
    const request = ca === '' ? get(url, options, resolve) : getSecurely(url, { ...options, ca }, resolve);
    request.on('error', reject);
    return new EventReader(await promise);
  }

  /** The next block as it was sent, comments included; undefined: the stream has ended. */
  async nextBlock(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const piece = await this.#pieces.next();
      if (piece.done === true) return undefined;
      this.#text += piece.value;
    }
  }

  /** The next event; comments and other fields are passed over. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === undefined) return undefined;
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      return { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: JSON.parse(data) as unknown };
    }
  }

  async take(count: number): Promise<readonly (ReadEvent | undefined)[]> {
    const events: (ReadEvent | undefined)[] = [];
    for (let at = 0; at < count; at += 1) events.push(await this.next());
    return events;
  }

  [Symbol.dispose](): void {
    this.response.destroy();
  }
}
