/** Server-sent events over HTTP: streams that beat while nothing happens, and that end when nobody reads them, or in time. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../proto/clock.ts';
import { HttpRefusal } from './refusal.ts';
import type { Log } from './log.ts';

export interface EventStream {
  /** Aborted when the reader is gone, was cut or has to come again, or the controller ends. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more; so nothing piles up here. Rejects with the signal's reason. */
  readonly send: (text: string) => Promise<void>;
}

export interface EventStreamsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The connection is a stream from now on. */
  readonly keep: (response: ServerResponse) => void;
}

/** Proxies close what is silent for a minute. */
export const BEAT_MS = 15_000;
/** Beats for which a reader may take nothing. */
const PATIENCE = 2;
const MAX_STREAMS = 200;
/** Whoever asked is let in anew after it: a token that was withdrawn is good for no longer. */
export const LIFETIME_MS = 300_000;

interface Said {
  /** While nothing else is. @default a comment */
  readonly beat?: string;
  /** Before the stream ends because its time is up. @default nothing */
  readonly farewell?: string;
}

interface Open extends Required<Said> {
  readonly response: ServerResponse;
  readonly ended: AbortController;
  readonly untilMs: number;
  unread: number;
}

export class EventStreams implements AsyncDisposable {
  readonly #deps: EventStreamsDeps;
  readonly #open = new Set<Open>();
  readonly #ended = new AbortController();
  readonly #beating: Promise<void>;

  constructor(deps: EventStreamsDeps) {
    this.#deps = deps;
    this.#beating = this.#beatForEver();
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers with a stream that `tell` fills until it returns, or the stream ends otherwise. Throws MPE_OVERLOADED before
   * anything is answered.
   */
  serve(reply: FastifyReply, tell: (stream: EventStream) => Promise<void>, said: Said = {}): void {
    if (this.#open.size >= MAX_STREAMS) {
      throw new HttpRefusal(503, 'MPE_OVERLOADED', `${String(MAX_STREAMS)} event streams are open already`);
    }
    reply.headers(HEADERS);
    reply.hijack();
    const response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value);
    }
    const untilMs = this.#deps.clock.monotonicMs() + LIFETIME_MS;
    const open: Open = { ...SILENT, ...said, response, ended: new AbortController(), untilMs, unread: 0 };
    this.#open.add(open);
    this.#deps.keep(response);
    response.on('error', () => {
      this.#end(open, 'the reader is gone');
    });
    response.once('close', () => {
      this.#end(open, 'the reader is gone');
    });
    response.writeHead(200);
    response.write(`retry: ${String(RETRY_MS)}\n\n`);
    const { signal } = open.ended;
    const send = async (text: string): Promise<void> => {
      signal.throwIfAborted();
      if (!response.write(text)) await once(response, 'drain', { signal });
    };
    tell({ signal, send })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#deps.log.warn(`an event stream broke off: ${String(error)}`);
      })
      .finally(() => {
        this.#end(open, 'all is told');
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    for (const open of this.#open) this.#end(open, 'the controller ends');
    await this.#beating;
  }

  #end(open: Open, why: string): void {
    if (!this.#open.delete(open)) return;
    open.ended.abort(new Error(why));
    // A reader that has stopped reading would never see the end either.
    if (open.response.writableNeedDrain) open.response.destroy();
    else open.response.end();
  }

  async #beatForEver(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await clock.sleep(BEAT_MS, signal);
      } catch {
        return; // Ended: a sleep has no other reason to reject.
      }
      for (const open of this.#open) this.#beat(open);
    }
  }

  #beat(open: Open): void {
    const { response, beat, farewell, untilMs } = open;
    if (this.#deps.clock.monotonicMs() >= untilMs) {
      response.write(farewell);
      this.#end(open, 'its time is up');
      return;
    }
    if (!response.writableNeedDrain) {
      open.unread = 0;
      response.write(beat);
      return;
    }
    open.unread += 1;
    if (open.unread < PATIENCE) return;
    this.#deps.log.debug('an event stream is cut: its reader takes nothing');
    this.#end(open, 'the reader takes nothing');
  }
}

const SILENT: Required<Said> = { beat: ': beat\n\n', farewell: '' };

/** How soon a browser comes again. */
const RETRY_MS = 2000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx holds answers back otherwise (its ngx_http_proxy_module, proxy_buffering).
  'x-accel-buffering': 'no',
} as const;
