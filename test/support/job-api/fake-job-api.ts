/** As much of an API server as a sweep's Job needs, over loopback: its template, the Job, its pod, and its pod's log. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as jsonOf } from 'node:stream/consumers';
import { cronJob } from '../../../controller/install/cron-job.ts';
import { OWN_NAMESPACE } from '../../../controller/install/names.ts';
import { statusObject } from '../api-server/faults.ts';
import { FakeLog } from './fake-log.ts';

export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly message: string; readonly retryAfter?: string }
  | { readonly kind: 'reset' };

export interface Asked {
  /** `create jobs`, `get pods/log` */
  readonly what: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

export class FakeJobApi implements AsyncDisposable {
  readonly log = new FakeLog();
  readonly asked: Asked[] = [];
  /** Rights that the user does not have, by `verb resource`; asked for and refused. */
  readonly denied = new Set<string>();
  /** The next answers to `verb resource`, before any proper one. */
  readonly faults: { readonly what: string; readonly fault: Fault }[] = [];
  /** Undefined: meshproof is not installed. */
  template: Json | undefined = cronJob({ image: 'meshproof:test', ownNamespace: OWN_NAMESPACE, measured: 'all' });
  job: Json | undefined;
  jobStatus: Json = {};
  /** Of the only pod; undefined: the Job has none. */
  podStatus: Json | undefined;
  events: readonly Json[] = [];
  /** Called with the Job as it was created. */
  onCreated: (job: Json) => void = () => undefined;
  readonly #server: Server;
  readonly #waiting: { readonly what: string; readonly resolve: () => void }[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(): Promise<FakeJobApi> {
    const server = createServer();
    const api = new FakeJobApi(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  kubeconfig(): string {
    return JSON.stringify({
      clusters: [{ name: 'fake', cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'ann', user: {} }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'ann', namespace: 'shop' } }],
      'current-context': 'fake',
    });
  }

  get pod(): Json | undefined {
    return this.podStatus && { metadata: { name: 'the-pod', namespace: OWN_NAMESPACE }, status: this.podStatus };
  }

  run(): void {
    this.podStatus = { phase: 'Running', containerStatuses: [{ name: 'meshproof', state: { running: {} } }] };
  }

  /** The container ends, and its log with it. */
  terminate(terminated: Json): void {
    this.podStatus = { phase: 'Failed', containerStatuses: [{ name: 'meshproof', state: { terminated } }] };
    this.log.end();
  }

  times(what: string): number {
    return this.asked.filter((one) => one.what === what).length;
  }

  async untilAsked(what: string): Promise<void> {
    if (this.times(what) > 0) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.push({
      what,
      resolve: () => {
        resolve(undefined);
      },
    });
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.log.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '', this.url);
    const body: unknown = request.method === 'POST' ? await jsonOf(request) : undefined;
    const what = `${verbOf(request.method ?? '', pathname)} ${resourceOf(pathname)}`;
    this.asked.push({ what, query, body });
    const fault = this.faults.findIndex((one) => one.what === what);
    if (fault === -1) this.#answerWell(what, query, body, response);
    else {
      const [found] = this.faults.splice(fault, 1);
      if (found !== undefined) answerBadly(found.fault, response);
    }
    for (const { what: wanted, resolve } of this.#waiting) if (wanted === what) resolve();
  }

  #answerWell(what: string, query: URLSearchParams, body: unknown, response: ServerResponse): void {
    const [verb = '', resource = ''] = what.split(' ');
    const reply = (status: number, object: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(object));
    };
    const found = (object: unknown): void => {
      reply(object === undefined ? 404 : 200, object ?? statusObject(404, `${resource} not found`));
    };
    if (this.denied.has(what)) {
      reply(403, statusObject(403, refusal(verb, resource)));
      return;
    }
    switch (what) {
      case 'create selfsubjectaccessreviews':
        reply(201, { status: { allowed: !this.denied.has(reviewed(body)) } });
        return;
      case 'get cronjobs':
        found(this.template);
        return;
      case 'create jobs':
        this.job = body as Json;
        this.onCreated(this.job);
        reply(201, this.job);
        return;
      case 'get jobs':
        found(this.job && { ...this.job, status: this.jobStatus });
        return;
      case 'list pods':
        reply(200, { items: this.pod === undefined ? [] : [this.pod] });
        return;
      case 'list events':
        reply(200, { items: this.events });
        return;
      case 'get pods/log':
        this.log.serve(response, query.get('sinceTime') ?? undefined);
        return;
      case 'delete jobs':
        found(this.job);
        this.job = undefined;
        return;
      default:
        reply(404, statusObject(404, `the test has no ${what}`));
    }
  }
}

function answerBadly(fault: Fault, response: ServerResponse): void {
  if (fault.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
  response.writeHead(fault.status, headers).end(JSON.stringify(statusObject(fault.status, fault.message)));
}

/** In the words of kubernetes: apiserver/pkg/endpoints/handlers/responsewriters/errors.go */
function refusal(verb: string, resource: string): string {
  const group = ['jobs', 'cronjobs'].includes(resource) ? 'batch' : '';
  const where = `in API group "${group}" in the namespace "${OWN_NAMESPACE}"`;
  return `${resource} is forbidden: User "ann" cannot ${verb} resource "${resource}" ${where}`;
}

function verbOf(method: string, path: string): string {
  if (method === 'POST') return 'create';
  if (method === 'DELETE') return 'delete';
  return /\/(pods|events)$/.test(path) ? 'list' : 'get';
}

function resourceOf(path: string): string {
  if (path.endsWith('/log')) return 'pods/log';
  const parts = path.split('/');
  const after = parts.indexOf('namespaces');
  return (after === -1 ? parts.at(-1) : parts[after + 2]) ?? '';
}

/** What a review asks for, as `verb resource`. */
function reviewed(body: unknown): string {
  const { spec } = body as { readonly spec: { readonly resourceAttributes: Readonly<Record<string, string>> } };
  const { verb = '', resource = '', subresource } = spec.resourceAttributes;
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}
