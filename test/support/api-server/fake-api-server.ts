/** A Kubernetes API server over loopback, for tests: discovery, lists in pages, watches with bookmarks, and faults. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { issue } from '../certificates.ts';
import type { TestAuthority } from '../certificates.ts';
import { isAt, statusObject } from './faults.ts';
import type { Fault, Seen, Where } from './faults.ts';
import { discovery, parse } from './requests.ts';
import type { Parsed } from './requests.ts';
import { ISTIO, KUBERNETES } from './resources.ts';
import type { Resource } from './resources.ts';
import { matches } from './selectors.ts';
import { Store } from './store.ts';
import type { Change, GivenObject } from './store.ts';

export type { Fault, Seen, Where } from './faults.ts';
export type { GivenObject } from './store.ts';

interface Watch {
  readonly seen: Seen;
  readonly resource: Resource;
  readonly response: ServerResponse;
}

export class FakeApiServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #resources: readonly Resource[];
  readonly #store: Store;
  readonly #watches = new Set<Watch>();
  readonly #pages = new Map<string, { readonly items: readonly unknown[]; readonly version: number }>();
  readonly #faults: { readonly where: Where; readonly fault: Fault; times: number }[] = [];
  readonly #requests: Seen[] = [];
  readonly #onRequest: (() => void)[] = [];

  private constructor(server: Server, resources: readonly Resource[]) {
    this.#server = server;
    this.#resources = resources;
    this.#store = new Store(resources);
    server.on('request', (request, response) => {
      this.#answer(request, response);
    });
  }

  /** @param authority that vouches for it: it speaks TLS then. */
  static async start(
    resources: readonly Resource[] = [...KUBERNETES, ...ISTIO],
    authority?: TestAuthority,
  ): Promise<FakeApiServer> {
    const server = authority === undefined ? createServer() : secureServer(authority);
    const fake = new FakeApiServer(server, resources);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get url(): string {
    const scheme = 'setSecureContext' in this.#server ? 'https' : 'http';
    return `${scheme}://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** As YAML; plain HTTP has to be allowed for by the same switch as a certificate that nobody signed. */
  kubeconfig(namespace = 'default'): string {
    return JSON.stringify({
      clusters: [{ name: 'fake', cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'tester', user: { token: 'of-the-tester' } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'tester', namespace } }],
      'current-context': 'fake',
    });
  }

  /** What a kubelet tells a pod of it: its environment, and the files in the folder. The server has to speak TLS. */
  async tellPod(folder: string, { rootPem }: TestAuthority): Promise<Readonly<Record<string, string>>> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'token'), 'of-the-pod');
    await writeFile(join(folder, 'ca.crt'), rootPem);
    await writeFile(join(folder, 'namespace'), 'of-the-pod');
    const { hostname, port } = new URL(this.url);
    return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  }

  put(...objects: readonly GivenObject[]): void {
    for (const object of objects) this.#tell(this.#store.put(object));
  }

  remove(object: GivenObject): void {
    this.#tell(this.#store.remove(object));
  }

  /** Forgets old versions: lists that are under way, and watches that go on from before, get 410. */
  compact(): void {
    this.#store.compact();
    this.#pages.clear();
  }

  /** The next requests there go wrong. */
  fail(where: Where, fault: Fault, times = Infinity): void {
    this.#faults.push({ where, fault, times });
  }

  heal(): void {
    this.#faults.length = 0;
  }

  bookmark(where: Where = {}): void {
    for (const { resource, response } of this.#watchesAt(where)) {
      const { apiVersion, kind } = resource;
      const metadata = { resourceVersion: String(this.#store.version) };
      send(response, 'BOOKMARK', { apiVersion, kind, metadata });
    }
  }

  endWatches(where: Where = {}): void {
    for (const { response } of this.#watchesAt(where)) response.end();
  }

  resetWatches(where: Where = {}): void {
    for (const { response } of this.#watchesAt(where)) response.socket?.resetAndDestroy();
  }

  sendError(where: Where, code: number): void {
    for (const { response } of this.#watchesAt(where)) send(response, 'ERROR', statusObject(code, 'as the test wants'));
  }

  /** As many requests there as `count` have come, ever. */
  async untilSeen(where: Where, count = 1): Promise<void> {
    while (this.seen(where).length < count) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#onRequest.push(() => {
        resolve(undefined);
      });
      await promise;
    }
  }

  seen(where: Where): readonly Seen[] {
    return this.#requests.filter((request) => isAt(where, request));
  }

  #watchesAt(where: Where): readonly Watch[] {
    return [...this.#watches].filter(({ seen }) => isAt({ ...where, verb: 'watch' }, seen));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const parsed = parse(request, this.#resources);
    const { seen } = parsed;
    this.#requests.push(seen);
    const fault = this.#faults.find((candidate) => candidate.times > 0 && isAt(candidate.where, seen));
    if (fault === undefined) this.#answerWell(parsed, request, response);
    else {
      fault.times -= 1;
      this.#answerBadly(fault.fault, response);
    }
    for (const wake of this.#onRequest.splice(0)) wake();
  }

  #answerBadly(fault: Fault, response: ServerResponse): void {
    switch (fault.kind) {
      case 'status': {
        const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
        response.writeHead(fault.status, { 'content-type': 'application/json', ...retryAfter });
        response.end(JSON.stringify(statusObject(fault.status, fault.message ?? 'as the test wants')));
        return;
      }
      case 'no-backend':
        response.writeHead(404, { 'content-type': 'text/plain' });
        response.end('default backend - 404');
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'cut':
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"kind":"List","items":[', () => response.socket?.destroy());
        return;
      case 'silence':
        return;
      case 'stranger':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html>Please log in</html>');
        return;
      case 'error-event': {
        const { code, message = 'as the test wants', retryAfterSeconds } = fault;
        response.writeHead(200, { 'content-type': 'application/json' });
        send(response, 'ERROR', statusObject(code, message, retryAfterSeconds));
        response.end();
        return;
      }
      case 'end':
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end();
    }
  }

  #answerWell({ seen, resource, name }: Parsed, request: IncomingMessage, response: ServerResponse): void {
    const isPacked = request.headers['accept-encoding'] === 'gzip';
    const reply = (status: number, body: unknown): void => {
      const text = JSON.stringify(body);
      response.writeHead(status, isPacked ? { 'content-encoding': 'gzip' } : {});
      response.end(isPacked ? gzipSync(text) : text);
    };
    if (seen.verb === 'discover') {
      const found = discovery(seen.plural, this.#resources);
      if (found === null) unknownPath(response);
      else reply(200, found);
    } else if (resource === null) unknownPath(response);
    else if (name !== null) {
      const object = this.#store.get(resource, seen.namespace, name);
      reply(object === undefined ? 404 : 200, object ?? statusObject(404, `${resource.plural} "${name}" not found`));
    } else if (seen.verb === 'watch') this.#watch(seen, resource, response);
    else this.#list(seen, resource, reply);
  }

  #list(seen: Seen, resource: Resource, reply: (status: number, body: unknown) => void): void {
    const { limit, continue: token } = seen.query;
    const whole = { items: this.#store.list(resource, seen.namespace), version: this.#store.version };
    const rest = token === undefined ? whole : this.#pages.get(token);
    if (rest === undefined) {
      reply(410, statusObject(410, 'The provided continue parameter is too old'));
      return;
    }
    const selected = token === undefined ? rest.items.filter((item) => matches(item, seen.query)) : rest.items;
    const size = limit === undefined ? selected.length : Number(limit);
    const left = selected.slice(size);
    const next = `page-${String(this.#requests.length)}`;
    if (left.length > 0) this.#pages.set(next, { items: left, version: rest.version });
    // As real servers do, items of a list without what the list says of all of them.
    const items = selected
      .slice(0, size)
      .map((item) => ({ ...(item as GivenObject), kind: undefined, apiVersion: undefined }));
    const metadata = { resourceVersion: String(rest.version), ...(left.length > 0 ? { continue: next } : {}) };
    reply(200, { kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata, items });
  }

  #watch(seen: Seen, resource: Resource, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const missed = this.#store.since(Number(seen.query['resourceVersion']));
    if (missed === null) {
      send(response, 'ERROR', statusObject(410, 'too old resource version'));
      response.end();
      return;
    }
    const watch = { seen, resource, response };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    for (const change of missed) tell(watch, change);
  }

  #tell(change: Change): void {
    for (const watch of this.#watches) tell(watch, change);
  }
}

/** kubernetes: pkg/util/notfoundhandler/not_found_handler.go: no Status object */
function unknownPath(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
  response.end('404 page not found\n');
}

/** Whoever leaves the selection is deleted, for this watch. kubernetes: apiserver/pkg/storage/cacher/cache_watcher.go */
function tell({ seen, resource, response }: Watch, { object, before, isDeleted, ...change }: Change): void {
  if (change.resource !== resource) return;
  if (seen.namespace !== null && object.metadata.namespace !== seen.namespace) return;
  const was = before !== null && matches(before, seen.query);
  const is = !isDeleted && matches(object, seen.query);
  if (is) send(response, was ? 'MODIFIED' : 'ADDED', object);
  else if (was) send(response, 'DELETED', object);
}

function send(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function secureServer(authority: TestAuthority): Server {
  const { key, chain } = issue(authority, { dnsNames: ['127.0.0.1'] });
  return createSecureServer({ key, cert: chain });
}
