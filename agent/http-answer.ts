/** Reads one HTTP/1.x answer off a socket, within strict bounds; whatever else comes is seen for what it is. */

/** Bytes of a body that are kept as evidence. */
export const MAX_KEPT_BYTES = 4 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_INTERIM_ANSWERS = 8;

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** The first 4 KiB, decoded from chunks where it came in chunks. */
  readonly body: string;
}

/** Where the body ends. */
type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/** Feed it the chunks as they come. */
export class HttpAnswerReader {
  /** The first bytes that came, whatever they were, at most 4 KiB. */
  #first = Buffer.alloc(0);
  #pending = Buffer.alloc(0);
  #interim = 0;
  #head: { readonly status: number; readonly headers: ReadonlyMap<string, string> } | undefined;
  #framing: Framing | undefined;
  #body = Buffer.alloc(0);
  #bodyBytes = 0;
  #isMalformed = false;

  /** The bytes cannot be an HTTP answer, or go beyond its bounds. */
  get isMalformed(): boolean {
    return this.#isMalformed;
  }

  /** Start of what was received, as text, for evidence. */
  get firstText(): string {
    return this.#first.toString('latin1');
  }

  /** Present once status line and headers are complete; the body is what came of it so far. */
  get answer(): HttpAnswer | undefined {
    if (this.#head === undefined) return undefined;
    return { ...this.#head, body: this.#body.toString('utf8') };
  }

  /** True when nothing more has to be read: the answer is complete, or can never be one. */
  push(chunk: Buffer): boolean {
    if (this.#first.length < MAX_KEPT_BYTES) this.#first = keep(this.#first, chunk);
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#head === undefined) {
      if (!this.#readHead()) return this.#isMalformed;
    }
    return this.#readBody();
  }

  #readHead(): boolean {
    const start = this.#pending.subarray(0, 5).toString('latin1');
    if (!'HTTP/'.startsWith(start) && !start.startsWith('HTTP/')) return this.#fail();
    const end = emptyLineIn(this.#pending);
    if (end === undefined) return this.#pending.length > MAX_HEAD_BYTES ? this.#fail() : false;
    const head = end.at > MAX_HEAD_BYTES ? undefined : parseHead(this.#pending.subarray(0, end.at).toString('latin1'));
    if (head === undefined) return this.#fail();
    this.#pending = this.#pending.subarray(end.after);
    if (head.status >= 100 && head.status < 200) {
      this.#interim += 1;
      return this.#interim > MAX_INTERIM_ANSWERS ? this.#fail() : true;
    }
    this.#head = head;
    this.#framing = framingOf(head);
    return true;
  }

  #fail(): false {
    this.#isMalformed = true;
    return false;
  }

  #readBody(): boolean {
    switch (this.#framing?.kind) {
      case 'length':
        this.#take(this.#framing.length - this.#bodyBytes);
        return this.#bodyBytes >= this.#framing.length;
      case 'chunked':
        return this.#readChunks();
      case 'until-close':
      case undefined:
        this.#take(this.#pending.length);
        return false;
    }
  }

  /** True at the last chunk; a broken chunk ends the body too, for the status is what counts. */
  #readChunks(): boolean {
    for (;;) {
      const lineEnd = this.#pending.indexOf('\r\n');
      if (lineEnd < 0) return this.#pending.length > MAX_HEAD_BYTES;
      const length = Number.parseInt(this.#pending.subarray(0, lineEnd).toString('latin1'), 16);
      if (!(length > 0)) return true;
      if (this.#pending.length < lineEnd + 2 + length + 2) return false;
      this.#pending = this.#pending.subarray(lineEnd + 2);
      this.#take(length);
      this.#pending = this.#pending.subarray(2);
    }
  }

  #take(count: number): void {
    const bytes = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(bytes.length);
    this.#bodyBytes += bytes.length;
    if (this.#body.length < MAX_KEPT_BYTES) this.#body = keep(this.#body, bytes);
  }
}

function keep(kept: Buffer, chunk: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([kept, chunk.subarray(0, MAX_KEPT_BYTES - kept.length)]);
}

/** Where the empty line after a head is; a lone LF ends a line as well (RFC 9112, section 2.2). */
function emptyLineIn(bytes: Buffer): { readonly at: number; readonly after: number } | undefined {
  const full = bytes.indexOf('\n\r\n');
  const bare = bytes.indexOf('\n\n');
  if (full < 0 && bare < 0) return undefined;
  if (bare >= 0 && (full < 0 || bare < full)) return { at: bare, after: bare + 2 };
  return { at: bytes[full - 1] === CARRIAGE_RETURN ? full - 1 : full, after: full + 3 };
}

const CARRIAGE_RETURN = 0x0d;

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers };
}

/** RFC 9112, section 6.3, for answers to a GET. */
function framingOf({ status, headers }: Head): Framing {
  if (status === 204 || status === 304) return { kind: 'length', length: 0 };
  if (headers.get('transfer-encoding')?.toLowerCase().endsWith('chunked') === true) return { kind: 'chunked' };
  const length = headers.get('content-length');
  if (length !== undefined && /^\d+$/.test(length)) return { kind: 'length', length: Number(length) };
  return { kind: 'until-close' };
}
