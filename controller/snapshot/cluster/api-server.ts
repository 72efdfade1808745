/** Requests to the API server of a cluster: one answer, or a stream of lines; trouble is a value, and every wait ends. */
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import pLimit from 'p-limit';
import type { Clock } from '../../../proto/clock.ts';
import type { Cluster, KubeConfig } from './connect.ts';
import { Deadline } from './deadline.ts';
import { linesOf } from './lines.ts';
import { brokenBy, refusedBy } from './trouble.ts';
import type { Trouble } from './trouble.ts';

export type Query = Readonly<Record<string, string>>;

export type Answer = { readonly kind: 'answer'; readonly body: unknown } | Trouble;

/** Ends (with trouble, or with null where the server has just finished) when `next` says so; close it in any case. */
export interface LineStream extends AsyncDisposable {
  readonly kind: 'open';
  readonly lines: AsyncGenerator<unknown, Trouble | null>;
}

/** A page of pods through a slow proxy comes in less. */
const ANSWER_WITHIN_MS = 30_000;
/** Requests for one answer that are under way at a time; a burst of more would be queued or refused by the server. */
const AT_A_TIME = 6;
/** Finds out about a peer that is gone without a word. */
const KEEP_ALIVE_MS = 30_000;

export class ApiServer implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #limit = pLimit(AT_A_TIME);

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    const { Agent } = cluster.server.startsWith('http:') ? http : https;
    this.#agent = new Agent({ keepAlive: true });
  }

  get url(): string {
    return this.#cluster.server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  /** The parsed body of a success. Throws the signal's reason only. */
  get(path: string, query: Query, signal: AbortSignal): Promise<Answer> {
    return this.#limit(() => this.#get(path, query, signal));
  }

  /** Streams what a watch says, a parsed line each. `idleMs`: so much silence is taken for a broken connection. */
  async open(path: string, query: Query, idleMs: number, signal: AbortSignal): Promise<LineStream | Trouble> {
    signal.throwIfAborted();
    const deadline = new Deadline(this.#clock, ANSWER_WITHIN_MS, signal);
    try {
      const response = await this.#send(path, query, {}, deadline.signal);
      if (response.statusCode !== 200) {
        const refused = await this.#refusal(response);
        deadline.end();
        return refused;
      }
      deadline.restart(idleMs);
      const close = (): Promise<void> => {
        deadline.end();
        response.destroy();
        return Promise.resolve();
      };
      return { kind: 'open', lines: watched(response, deadline, idleMs, signal), [Symbol.asyncDispose]: close };
    } catch (error) {
      deadline.end();
      signal.throwIfAborted();
      return deadline.isOver ? noAnswer(ANSWER_WITHIN_MS) : brokenBy(error);
    }
  }

  async #get(path: string, query: Query, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const deadline = new Deadline(this.#clock, ANSWER_WITHIN_MS, signal);
    try {
      const response = await this.#send(path, query, { 'accept-encoding': 'gzip' }, deadline.signal);
      if (response.statusCode !== 200) return await this.#refusal(response);
      return { kind: 'answer', body: JSON.parse(await textOf(response)) as unknown };
    } catch (error) {
      signal.throwIfAborted();
      return deadline.isOver ? noAnswer(ANSWER_WITHIN_MS) : brokenBy(error);
    } finally {
      deadline.end();
    }
  }

  async #refusal(response: http.IncomingMessage): Promise<Trouble> {
    return refusedBy(response.statusCode ?? 0, await textOf(response), response.headers['retry-after']);
  }

  async #send(path: string, query: Query, headers: Query, signal: AbortSignal): Promise<http.IncomingMessage> {
    const url = new URL(`${this.#cluster.server}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const options = await authenticated(this.#cluster.kubeConfig);
    const isProxied = (this.#cluster.kubeConfig.getCurrentCluster()?.proxyUrl ?? '') !== '';
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const request = (url.protocol === 'http:' ? http : https).request(url, {
      ...options,
      ...(isProxied ? {} : { agent: this.#agent }),
      headers: { ...options.headers, accept: 'application/json', 'user-agent': 'meshproof', ...headers },
      signal,
    });
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
    return await promise;
  }
}

interface Credentials extends https.RequestOptions {
  headers: Record<string, string>;
}

/** Asked for anew each time: tokens and certificates of a kubeconfig change under a long life. */
async function authenticated(kubeConfig: KubeConfig): Promise<Credentials> {
  const options: Credentials = { headers: {} };
  await kubeConfig.applyToHTTPSOptions(options);
  return options;
}

async function* watched(
  response: http.IncomingMessage,
  deadline: Deadline,
  idleMs: number,
  signal: AbortSignal,
): AsyncGenerator<unknown, Trouble | null> {
  try {
    for await (const line of linesOf(response, () => {
      deadline.restart(idleMs);
    })) {
      yield JSON.parse(line) as unknown;
    }
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return deadline.isOver ? noAnswer(idleMs) : brokenBy(error);
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

function noAnswer(withinMs: number): Trouble {
  return { kind: 'broken', says: `nothing came for ${String(withinMs / 1000)} s`, isLasting: false };
}
