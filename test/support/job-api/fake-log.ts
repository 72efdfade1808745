/** The log of a container, as a kubelet gives it out: with time stamps, from a second on, followed until it ends. */
import type { ServerResponse } from 'node:http';

interface Entry {
  readonly at: string;
  readonly text: string;
}

export class FakeLog {
  #entries: Entry[] = [];
  #atMs = Date.parse('2026-01-02T03:04:05.900Z');
  #isEnded = false;
  readonly #readers = new Set<ServerResponse>();
  readonly #waiting: (() => void)[] = [];

  /** Lines are 0.4 s apart, so that several are of one second and `sinceTime` gives some of them again. */
  append(line: string): void {
    this.#atMs += 400;
    const entry = { at: new Date(this.#atMs).toISOString(), text: line.replace(/\n$/, '') };
    this.#entries.push(entry);
    for (const reader of this.#readers) send(reader, entry);
  }

  /** Connections are lost; the container goes on. */
  cut(): void {
    for (const reader of this.#readers) reader.socket?.resetAndDestroy();
    this.#readers.clear();
  }

  /** In the middle of a line. */
  cutWithin(line: string): void {
    for (const reader of this.#readers) {
      reader.write(`2026-01-02T03:05:00Z ${line.slice(0, line.length / 2)}`, () => reader.socket?.destroy());
    }
    this.#readers.clear();
  }

  end(): void {
    this.#isEnded = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** What the kubelet does to a log that has grown too long: what was before is gone. */
  rotate(): void {
    this.#entries = [];
  }

  async untilRead(): Promise<void> {
    if (this.#readers.size > 0) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.push(() => {
      resolve(undefined);
    });
    await promise;
  }

  serve(response: ServerResponse, since: string | undefined): void {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    for (const entry of this.#entries)
      if (since === undefined || entry.at >= since.replace('Z', '')) send(response, entry);
    if (this.#isEnded) response.end();
    else this.#readers.add(response);
    response.on('close', () => this.#readers.delete(response));
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function send(response: ServerResponse, { at, text }: Entry): void {
  response.write(`${at} ${text}\n`);
}
