/** The Job of one sweep in the cluster: made, watched, its log followed, deleted. */
import type { ErrorCode } from '../../../proto/errors.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { CONTAINER, CRON_JOB, OWN_NAMESPACE } from '../../install/names.ts';
import { podStateOf } from './pod-state.ts';
import type { PodState } from './pod-state.ts';
import type { Access } from '../../api-server/refusal.ts';
import { isPassing, wordsOf } from '../../api-server/trouble.ts';
import type { ApiAnswer, KubernetesApi } from '../../api-server/kubernetes-api.ts';

export type LogPiece =
  | {
      readonly kind: 'line';
      /** RFC 3339, as the kubelet stamped it. */
      readonly at: string;
      readonly text: string;
    }
  /** The stream broke off, or has been silent for so long that it may be dead; there may be more. */
  | { readonly kind: 'cut'; readonly why: string };

/** A connection that died without a word looks like a sweep with nothing to tell. */
const SILENCE_MS = 20_000;

/** What a laptop does with the Jobs of its sweeps; all in our own namespace. Rejects as `KubernetesApi.ask`. */
export class SweepJobs {
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  #mayReadEvents = true;

  constructor(api: KubernetesApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** The CronJob that holds the template. Rejects with MPE_NOT_INSTALLED. */
  async template(signal: AbortSignal): Promise<Fields> {
    const path = `/apis/batch/v1/namespaces/${this.#namespace}/cronjobs/${CRON_JOB}`;
    const answer = await this.#api.ask({ access: this.#access('get', 'batch', 'cronjobs'), path }, signal);
    if (answer.status === 404) {
      const flag = this.#namespace === OWN_NAMESPACE ? '' : ` --own-namespace ${this.#namespace}`;
      throw new MeshproofError('MPE_NOT_INSTALLED', `there is no CronJob ${CRON_JOB} in namespace ${this.#namespace}`, {
        hint: `Install it: meshproof install${flag} | kubectl apply -f -`,
      });
    }
    return fields(succeeded(answer, `get CronJob ${CRON_JOB}`));
  }

  /** May be repeated: its name is this sweep's alone, so that one which is there already is the one of a lost answer. */
  async create(job: Fields, signal: AbortSignal): Promise<void> {
    const path = `/apis/batch/v1/namespaces/${this.#namespace}/jobs`;
    const answer = await this.#api.ask({ access: this.#access('create', 'batch', 'jobs'), path, body: job }, signal);
    if (answer.status === 409 && fields(answer.body)['reason'] === 'AlreadyExists') return;
    // A quota or an admission webhook: the cluster does not take it, with every right in place.
    succeeded(answer, 'create the Job of the sweep', 'MPE_JOB_NOT_STARTED');
  }

  async state(name: string, signal: AbortSignal): Promise<PodState> {
    const [job, pods] = await Promise.all([
      this.#get('batch', 'jobs', `/apis/batch/v1/namespaces/${this.#namespace}/jobs/${name}`, signal),
      this.#list('pods', `labelSelector=${encodeURIComponent(`batch.kubernetes.io/job-name=${name}`)}`, signal),
    ]);
    const early = podStateOf(job, pods, [], CONTAINER);
    if (early.kind !== 'waiting') return early;
    return podStateOf(job, pods, await this.#eventsOf([name, ...pods.map(nameOf)], signal), CONTAINER);
  }

  /** The log from a time on, to its end or to a cut. Empty where the kubelet has none yet, or no more. */
  async *log(pod: string, since: string | undefined, signal: AbortSignal): AsyncGenerator<LogPiece, void, undefined> {
    const query = new URLSearchParams({ container: CONTAINER, follow: 'true', timestamps: 'true' });
    // In whole seconds, as the API server takes it: what is known comes again, and the reader knows it.
    if (since !== undefined) query.set('sinceTime', since.replace(/\.\d+/, ''));
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod}/log?${query.toString()}`;
    const access = this.#access('get', '', 'pods/log');
    const opened = await this.#api.open({ access, path }, SILENCE_MS, signal);
    if (opened.kind !== 'open') {
      // An API server in trouble has said nothing of the log; anything else, and there is none.
      if (opened.kind === 'broken') yield { kind: 'cut', why: opened.says };
      else if (isPassing(opened)) yield { kind: 'cut', why: wordsOf(opened.status, opened.body) };
      return;
    }
    await using stream = opened;
    for (;;) {
      const next = await stream.lines.next();
      if (next.done !== true) yield logLine(next.value);
      else {
        if (next.value !== null) yield { kind: 'cut', why: next.value.says };
        return;
      }
    }
  }

  /** Asks for the Job's end and that of its pod. True when the API server has accepted it, or the Job is not there. */
  async delete(name: string, signal: AbortSignal): Promise<boolean> {
    const path = `/apis/batch/v1/namespaces/${this.#namespace}/jobs/${name}?propagationPolicy=Background`;
    const { status } = await this.#api.ask({ access: this.#access('delete', 'batch', 'jobs'), path }, signal);
    return status < 300 || status === 404;
  }

  async #get(apiGroup: string, resource: string, path: string, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#api.ask({ access: this.#access('get', apiGroup, resource), path }, signal);
    return answer.status === 404 ? undefined : succeeded(answer, `get ${resource}`);
  }

  async #list(resource: string, query: string, signal: AbortSignal): Promise<readonly unknown[]> {
    const path = `/api/v1/namespaces/${this.#namespace}/${resource}?${query}`;
    const answer = await this.#api.ask({ access: this.#access('list', '', resource), path }, signal);
    return list(fields(succeeded(answer, `list ${resource}`))['items']);
  }

  /** A comfort, not a need: who may not read events gets the pod's own words. */
  async #eventsOf(names: readonly string[], signal: AbortSignal): Promise<readonly unknown[]> {
    if (!this.#mayReadEvents) return [];
    try {
      const selectors = names.map((name) => `fieldSelector=${encodeURIComponent(`involvedObject.name=${name}`)}`);
      const found = await Promise.all(selectors.map((selector) => this.#list('events', selector, signal)));
      return found.flat();
    } catch (error) {
      if (!(error instanceof MeshproofError) || error.code !== 'MPE_NOT_PERMITTED') throw error;
      this.#mayReadEvents = false;
      return [];
    }
  }

  #access(verb: Access['verb'], apiGroup: string, resource: string): Access {
    return { verb, apiGroup, resource, namespace: this.#namespace };
  }
}

function logLine(line: string): LogPiece {
  const space = line.indexOf(' ');
  return { kind: 'line', at: line.slice(0, space), text: line.slice(space + 1) };
}

function succeeded(
  { status, body }: ApiAnswer,
  attempted: string,
  code: ErrorCode = 'MPE_CLUSTER_UNREACHABLE',
): unknown {
  if (status < 300) return body;
  throw new MeshproofError(code, `${attempted}: ${wordsOf(status, body)}`);
}

function nameOf(object: unknown): string {
  return text(fields(object, 'metadata')['name']) ?? '';
}
