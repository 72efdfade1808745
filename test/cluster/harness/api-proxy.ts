/** A proxy before the API server that misbehaves as it is told: resets, delays, refuses, forgets. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { kubectl } from './kubectl.ts';

/** What becomes of a request. */
export type Trouble =
  | { readonly kind: 'none' }
  /** The connection is reset before anything is answered. */
  | { readonly kind: 'reset' }
  /** The connection is reset some time after the answer has begun; undone by the answer's end. */
  | { readonly kind: 'cut'; readonly afterMs: number }
  | { readonly kind: 'delay'; readonly ms: number }
  /** A list comes in pages of so many, whatever was asked for. */
  | { readonly kind: 'pages'; readonly of: number }
  /** A watch begins as if all were well, and then says that it would have to begin at a later version. */
  | { readonly kind: 'too-old' }
  | { readonly kind: 'status'; readonly status: number; readonly reason: string; readonly retryAfter?: number };

/** `url` is path and query; `count` counts the requests from 1. */
export type Misbehaviour = (method: string, url: string, count: number) => Trouble;

interface Upstream {
  readonly server: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads the present context of KUBECONFIG. */
async function upstreamOf(): Promise<Upstream> {
  const view = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'])) as {
    clusters: readonly { cluster: Record<string, string> }[];
    users: readonly { user: Record<string, string> }[];
  };
  const { cluster } = view.clusters[0] ?? { cluster: {} };
  const { user } = view.users[0] ?? { user: {} };
  const decoded = (text: string | undefined): Buffer | undefined =>
    text === undefined ? undefined : Buffer.from(text, 'base64');
  const certificate = {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  };
  const token = user['token'];
  return {
    server: new URL(cluster['server'] ?? ''),
    agent: new Agent({ keepAlive: true, ...certificate }),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  };
}

export class ApiProxy implements AsyncDisposable {
  /** Requests that met trouble. */
  troubled = 0;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #misbehaviour: Misbehaviour;
  #count = 0;

  private constructor(upstream: Upstream, misbehaviour: Misbehaviour) {
    this.#upstream = upstream;
    this.#misbehaviour = misbehaviour;
    this.#server = createServer((request, response) => {
      this.#meet(request, response);
    });
  }

  /** Listens on loopback, without TLS and with all the rights of the present context. */
  static async start(misbehaviour: Misbehaviour): Promise<ApiProxy> {
    const proxy = new ApiProxy(await upstreamOf(), misbehaviour);
    proxy.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${String(address !== null && typeof address === 'object' ? address.port : 0)}`;
  }

  /** Writes a kubeconfig that leads here. */
  async writeKubeconfig(file: string): Promise<void> {
    const name = 'proxied';
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      // Plaintext on loopback has to be asked for.
      clusters: [{ name, cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    };
    await writeFile(file, JSON.stringify(config));
  }

  #meet(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/' } = request;
    this.#count += 1;
    const trouble = this.#misbehaviour(method, url, this.#count);
    if (trouble.kind !== 'none') this.troubled += 1;
    switch (trouble.kind) {
      case 'none':
        this.#forward(request, response);
        break;
      case 'reset':
        request.socket.resetAndDestroy();
        break;
      case 'cut':
        this.#forward(request, response);
        setTimeout(() => {
          if (!response.writableEnded) request.socket.resetAndDestroy();
        }, trouble.afterMs).unref();
        break;
      case 'pages': {
        const asked = new URL(url, this.#upstream.server);
        asked.searchParams.set('limit', String(trouble.of));
        this.#forward(request, response, asked);
        break;
      }
      case 'too-old':
        tooOld(request, response);
        break;
      case 'delay':
        setTimeout(() => {
          this.#forward(request, response);
        }, trouble.ms);
        break;
      case 'status':
        refuse(request, response, trouble);
    }
  }

  #forward(
    request: IncomingMessage,
    response: ServerResponse,
    url = new URL(request.url ?? '/', this.#upstream.server),
  ): void {
    const { server, agent, headers } = this.#upstream;
    const forwarded = httpsRequest(
      url,
      { method: request.method ?? 'GET', agent, headers: { ...request.headers, ...headers, host: server.host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        // A watch begins with its head; the first event may be long in coming.
        response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.#upstream.agent.destroy();
  }
}

/** As the API server tells a watch of it (kubernetes: apiserver/pkg/storage/etcd3/errors.go:interpretWatchError). */
function tooOld(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ type: 'ERROR', object: failure(410, 'Expired') })}\n`);
}

function failure(code: number, reason: string): Readonly<Record<string, unknown>> {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `by the test: ${reason}`, reason, code };
}

/** As the API server words a failure (kubernetes: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go:Status). */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, reason, retryAfter }: Extract<Trouble, { kind: 'status' }>,
): void {
  request.resume();
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
  response.end(JSON.stringify(failure(status, reason)));
}
