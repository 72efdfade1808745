/** Requests that name the right they need: a refusal is told from an outage, and an outage from an answer. */
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { ApiServer } from './api-server.ts';
import type { ApiCall, LineStream } from './api-server.ts';
import type { Reach } from './cluster.ts';
import { persistently } from './persistent.ts';
import { throwIfRefused } from './refusal.ts';
import type { Access } from './refusal.ts';
import { describeTrouble, isPassing, refusedBy } from './trouble.ts';
import type { Broken, Reply } from './trouble.ts';

export interface ApiRequest {
  readonly access: Access;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; a patch is of one kind or another. @default application/json */
  readonly contentType?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiOptions {
  /** How long an outage is borne. */
  readonly patienceMs: number;
  readonly debug?: (message: string) => void;
}

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const satisfies Record<Access['verb'], ApiCall['method']>;
/** Of one try, where the answer is a single document. */
const TRY_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

export class KubernetesApi implements AsyncDisposable {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #options: ApiOptions;

  /** @param clock Of patience and pauses; how long a try may take is real time, as its socket is. */
  constructor(reach: Reach, clock: Clock, options: ApiOptions) {
    this.#server = new ApiServer(reach, systemClock);
    this.#clock = clock;
    this.#options = options;
  }

  /** Closes what connections are open; who forgets it keeps no process alive. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }

  /**
   * Answers below 500 but 401, 403, 408 and 429 are the caller's to read. What an outage swallowed is asked again, so a
   * `create` must be one that may be repeated. Rejects with MPE_NOT_PERMITTED, with MPE_CLUSTER_UNREACHABLE when
   * patience has ended, and with the signal's reason.
   */
  async ask(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const { access } = request;
    const call = callOf(request);
    const { patienceMs, debug = () => undefined } = this.#options;
    const answer = await persistently(
      `${access.verb} ${access.resource}`,
      () => this.#server.send(call, TRY_MS, signal),
      { clock: this.#clock, debug, patienceMs, firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS },
      signal,
    );
    if (answer.kind === 'broken' || isPassing(answer)) throw unreachable(request, this.#server.url, answer);
    throwIfRefused(access, answer.status, answer.body);
    return { status: answer.status, body: answer.body };
  }

  /**
   * The lines of one answer as they come, where it is one of 200; a silence of `silenceMs` breaks it off. Rejects with
   * MPE_NOT_PERMITTED, and asks once only: whoever follows a stream comes back anyway.
   */
  async open(request: ApiRequest, silenceMs: number, signal: AbortSignal): Promise<LineStream | Reply | Broken> {
    const opened = await this.#server.open(callOf(request), silenceMs, signal);
    if (opened.kind === 'reply') throwIfRefused(request.access, opened.status, opened.body);
    return opened;
  }
}

function callOf({ access, ...rest }: ApiRequest): ApiCall {
  return { method: METHODS[access.verb], ...rest };
}

function unreachable({ access, path }: ApiRequest, server: string, answer: Reply | Broken): MeshproofError {
  const why = describeTrouble(answer.kind === 'broken' ? answer : refusedBy(answer));
  const message = `${access.verb} ${access.resource} at ${server} (${path.split('?')[0] ?? ''}): ${why}`;
  return new MeshproofError('MPE_CLUSTER_UNREACHABLE', message);
}
