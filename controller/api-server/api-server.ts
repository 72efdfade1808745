/** Requests to the API server of a cluster: one reply, or a stream of lines; trouble is a value, and every wait ends. */
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import pLimit from 'p-limit';
import type { Clock } from '../../proto/clock.ts';
import { Deadline } from '../../proto/deadline.ts';
import type { Reach } from './cluster.ts';
import { linesOf } from './lines.ts';
import { answerIn, brokenBy } from './trouble.ts';
import type { Answer, Broken, Reply } from './trouble.ts';

export type Query = Readonly<Record<string, string>>;

export interface ApiCall {
  /** @default GET */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Of the body; a patch is of one kind or another. @default application/json */
  readonly contentType?: string;
}

/** Ends (with trouble, or with null where the server has just finished) when `next` says so; close it in any case. */
export interface LineStream extends AsyncDisposable {
  readonly kind: 'open';
  readonly lines: AsyncGenerator<string, Broken | null>;
}

/** A page of pods through a slow proxy comes in less. */
export const ANSWER_WITHIN_MS = 30_000;
/** Requests for one reply that are under way at a time; a burst of more would be queued or refused by the server. */
const AT_A_TIME = 6;
/** Finds out about a peer that is gone without a word. */
const KEEP_ALIVE_MS = 30_000;
/** Of a page that some proxy gives in the server's place. */
const MOST_WORDS = 200;

/** Its sockets are kept for the next request; those that nobody uses keep no process alive. */
export class ApiServer implements AsyncDisposable {
  readonly #reach: Reach;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #limit = pLimit(AT_A_TIME);

  constructor(reach: Reach, clock: Clock) {
    this.#reach = reach;
    this.#clock = clock;
    const { Agent } = reach.server.startsWith('http:') ? http : https;
    this.#agent = new Agent({ keepAlive: true });
  }

  get url(): string {
    return this.#reach.server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  /** Whatever the server says, within the time. Throws the signal's reason only. */
  send(call: ApiCall, withinMs: number, signal: AbortSignal): Promise<Reply | Broken> {
    return this.#limit(() => this.#exchange(call, withinMs, signal));
  }

  /** The parsed body of a success. Throws the signal's reason only. */
  async get(path: string, query: Query, signal: AbortSignal): Promise<Answer> {
    return answerIn(await this.send({ path, query }, ANSWER_WITHIN_MS, signal));
  }

  /** Streams the lines of a success. `idleMs`: so much silence is taken for a broken connection. */
  async open(call: ApiCall, idleMs: number, signal: AbortSignal): Promise<LineStream | Reply | Broken> {
    signal.throwIfAborted();
    const deadline = new Deadline(this.#clock, ANSWER_WITHIN_MS, signal);
    try {
      const response = await this.#request(call, {}, deadline.signal);
      if (response.statusCode !== 200) {
        const reply = await replyOf(response);
        deadline.end();
        return reply;
      }
      deadline.restart(idleMs);
      const close = (): Promise<void> => {
        deadline.end();
        response.destroy();
        return Promise.resolve();
      };
      return { kind: 'open', lines: linesWithin(response, deadline, idleMs, signal), [Symbol.asyncDispose]: close };
    } catch (error) {
      deadline.end();
      signal.throwIfAborted();
      return deadline.isOver ? noAnswer(ANSWER_WITHIN_MS) : brokenBy(error);
    }
  }

  async #exchange(call: ApiCall, withinMs: number, signal: AbortSignal): Promise<Reply | Broken> {
    signal.throwIfAborted();
    const deadline = new Deadline(this.#clock, withinMs, signal);
    try {
      return await replyOf(await this.#request(call, { 'accept-encoding': 'gzip' }, deadline.signal));
    } catch (error) {
      signal.throwIfAborted();
      return deadline.isOver ? noAnswer(withinMs) : brokenBy(error);
    } finally {
      deadline.end();
    }
  }

  async #request(
    { method = 'GET', path, query = {}, body, contentType = 'application/json' }: ApiCall,
    headers: Query,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const { server, isProxied } = this.#reach;
    const url = new URL(`${server}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const options = await this.#reach.authenticate();
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const request = (url.protocol === 'http:' ? http : https).request(url, {
      ...options,
      method,
      ...(isProxied ? {} : { agent: this.#agent }),
      headers: {
        ...options.headers,
        accept: 'application/json, */*',
        'user-agent': 'meshproof',
        ...(sent !== undefined && { 'content-type': contentType }),
        ...headers,
      },
      signal,
    });
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('response', resolve);
    request.on('error', reject);
    request.end(sent);
    return await promise;
  }
}

async function* linesWithin(
  response: http.IncomingMessage,
  deadline: Deadline,
  idleMs: number,
  signal: AbortSignal,
): AsyncGenerator<string, Broken | null> {
  try {
    yield* linesOf(response, () => {
      deadline.restart(idleMs);
    });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return deadline.isOver ? noAnswer(idleMs) : brokenBy(error);
  }
}

/** Rejects where the connection breaks, and where a success is no JSON: somebody else answers in the server's place. */
async function replyOf(response: http.IncomingMessage): Promise<Reply> {
  const { statusCode: status = 0 } = response;
  const seconds = /^\d+$/.exec(response.headers['retry-after'] ?? '')?.[0];
  const retryAfterMs = seconds === undefined ? null : Number(seconds) * 1000;
  const content = await textOf(response);
  try {
    return { kind: 'reply', status, body: JSON.parse(content) as unknown, retryAfterMs };
  } catch (error) {
    if (status < 300) throw error;
    const message = content.trim().split('\n', 1)[0]?.slice(0, MOST_WORDS) ?? '';
    return { kind: 'reply', status, body: { message }, retryAfterMs };
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  // A broken connection destroys the unpacking, too, and the loop below throws what broke it.
  const body = isPacked ? pipeline(response, createGunzip(), () => undefined) : response;
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function noAnswer(withinMs: number): Broken {
  return { kind: 'broken', says: `nothing came for ${String(withinMs / 1000)} s`, isLasting: false };
}
