/** Before a fake API server that can only be read: a Lease and labels of pods that can be written, as RBAC allows a leader. */
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fields, text } from '../../../controller/declared/reading.ts';
import type { Fields } from '../../../controller/declared/reading.ts';
import { statusObject } from './faults.ts';
import type { FakeApiServer } from './fake-api-server.ts';

export class LeadingApi implements AsyncDisposable {
  lease: Fields | undefined;
  /** `POD VALUE` of each label that was put on or taken off, in order. */
  readonly labels: string[] = [];
  readonly #server: Server;
  readonly #behind: FakeApiServer;
  readonly #onWrite: (() => void)[] = [];
  #version = 0;

  private constructor(behind: FakeApiServer) {
    this.#behind = behind;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(behind: FakeApiServer): Promise<LeadingApi> {
    const api = new LeadingApi(behind);
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  kubeconfig(): string {
    const url = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
    return this.#behind.kubeconfig().replace(this.#behind.url, url);
  }

  get holder(): string | undefined {
    return text(fields(this.lease, 'spec')['holderIdentity']);
  }

  /** Somebody else has it from now on, whatever was there; for as long as a Lease lasts. Empty: nobody. */
  give(holder: string): void {
    const spec = { holderIdentity: holder, leaseDurationSeconds: 15, leaseTransitions: 1 };
    this.#keep({ metadata: { name: 'meshproof', namespace: 'meshproof' }, spec });
  }

  /** Looks whenever something was written. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#onWrite.push(() => {
        resolve(undefined);
      });
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const [pod] = /(?<=\/pods\/)[^/?]+/.exec(url) ?? [];
    if (/\/leases(\/|$)/.test(url)) reply(response, ...this.#leased(method, await bodyOf(request)));
    else if (method === 'PATCH' && pod !== undefined) {
      const value = fields(await bodyOf(request), 'metadata', 'labels')['meshproof.io/leader'];
      this.labels.push(`${pod} ${JSON.stringify(value)} ${request.headers['content-type'] ?? ''}`);
      reply(response, 200, {});
    } else this.#pass(request, response);
    for (const wake of this.#onWrite.splice(0)) wake();
  }

  /** With optimistic concurrency. */
  #leased(method: string, body: unknown): readonly [status: number, body: unknown] {
    const isThere = this.lease !== undefined;
    if (method === 'GET') return isThere ? [200, this.lease] : [404, statusObject(404, 'there is none')];
    const version = (lease: unknown): unknown => fields(lease, 'metadata')['resourceVersion'];
    const isFit = method === 'POST' ? !isThere : isThere && version(body) === version(this.lease);
    return isFit ? [200, this.#keep(fields(body))] : [409, statusObject(409, 'somebody was faster')];
  }

  #keep(lease: Fields): Fields {
    this.#version += 1;
    const metadata = { ...fields(lease, 'metadata'), resourceVersion: String(this.#version) };
    this.lease = { ...lease, metadata };
    return this.lease;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url = '/' } = request;
    const passed = httpRequest(`${this.#behind.url}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return parts.length === 0 ? undefined : (JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown);
}
