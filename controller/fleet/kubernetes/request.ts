/** Single requests to the API server: a refusal is told from an outage, and an outage from an answer. */
import { request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { RequestOptions } from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import type { Clock } from '../../../proto/clock.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, text } from '../../declared/reading.ts';
import { throwIfRefused } from './refusal.ts';
import type { Access } from './refusal.ts';

/** As much of a connected cluster as a request needs. */
export interface Reach {
  /** URL of the API server. */
  readonly server: string;
  readonly kubeConfig: { readonly applyToHTTPSOptions: (options: RequestOptions) => Promise<void> };
}

export interface ApiRequest {
  readonly access: Access;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiOptions {
  /** How long an outage is borne. */
  readonly patienceMs: number;
}

const METHODS = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', delete: 'DELETE' } as const;
/** Of one try, where the answer is a single document. */
const TRY_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

export class KubernetesApi {
  readonly #reach: Reach;
  readonly #clock: Clock;
  readonly #options: ApiOptions;

  constructor(reach: Reach, clock: Clock, options: ApiOptions) {
    this.#reach = reach;
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * Answers below 500 but 401, 403 and 429 are the caller's to read. What an outage swallowed is asked again, so a
   * `create` must be one that may be repeated. Rejects with MPE_NOT_PERMITTED, with MPE_CLUSTER_UNREACHABLE when
   * patience has ended, and with the signal's reason.
   */
  async ask(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const untilMs = this.#clock.monotonicMs() + this.#options.patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const outcome = await this.#once(request, signal);
      if (outcome.kind === 'answer') return outcome.answer;
      const waitMs = Math.max(outcome.retryAfterMs, pauseMs * (0.5 + Math.random()));
      if (this.#clock.monotonicMs() + waitMs > untilMs) throw unreachable(request, this.#reach.server, outcome);
      await this.#clock.sleep(waitMs, signal);
    }
  }

  /**
   * The body of one answer as it comes, where it is one of 200; a silence of `silenceMs` breaks it off. Rejects at once
   * where there is no answer: whoever follows a stream comes back anyway.
   */
  async open(request: ApiRequest, silenceMs: number, signal: AbortSignal): Promise<IncomingMessage | ApiAnswer> {
    const response = await this.#send(request, signal);
    response.setTimeout(silenceMs, () => response.destroy(new Error(`nothing came for ${String(silenceMs)} ms`)));
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    const body = parsed(await textOf(response));
    throwIfRefused(request.access, status, body);
    return { status, body };
  }

  async #once(request: ApiRequest, signal: AbortSignal): Promise<Attempt> {
    const patience = AbortSignal.timeout(TRY_MS);
    try {
      const response = await this.#send(request, AbortSignal.any([signal, patience]));
      const body = parsed(await textOf(response));
      const status = response.statusCode ?? 0;
      throwIfRefused(request.access, status, body);
      if (status !== 429 && status < 500) return { kind: 'answer', answer: { status, body } };
      const why = text(fields(body)['message']) ?? `HTTP ${String(status)}`;
      return { kind: 'outage', why, retryAfterMs: 1000 * (Number(response.headers['retry-after']) || 0) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MeshproofError) throw error;
      const why = error instanceof Error && error.message !== '' ? error.message : String(error);
      return { kind: 'outage', why: patience.aborted ? 'no answer' : why, retryAfterMs: 0, cause: error };
    }
  }

  async #send({ access, path, body }: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(`${this.#reach.server}${path}`);
    const options: Credentials = {
      method: METHODS[access.verb],
      headers: {},
      signal,
    };
    await this.#reach.kubeConfig.applyToHTTPSOptions(options);
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...options.headers,
      accept: 'application/json, */*',
      'user-agent': 'meshproof',
      ...(sent !== undefined && { 'content-type': 'application/json' }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = url.protocol === 'http:' ? requestHttp : requestHttps;
    request(url, { ...options, headers }, resolve)
      .on('error', reject)
      .end(sent);
    return promise;
  }
}

interface Credentials extends RequestOptions {
  headers: Record<string, string>;
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: ApiAnswer }
  | { readonly kind: 'outage'; readonly why: string; readonly retryAfterMs: number; readonly cause?: unknown };

function unreachable(
  { access, path }: ApiRequest,
  server: string,
  { why, cause }: Extract<Attempt, { readonly kind: 'outage' }>,
): MeshproofError {
  const message = `${access.verb} ${access.resource} at ${server} (${path.split('?')[0] ?? ''}): ${why}`;
  return new MeshproofError('MPE_CLUSTER_UNREACHABLE', message, { cause });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // A proxy in front may answer with a page of its own; its first words are better than none.
    return { message: body.slice(0, 200).trim() };
  }
}
