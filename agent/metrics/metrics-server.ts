/** Serves an agent's metrics: `GET /metrics` and nothing else, to few at a time, and to nobody for long. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshproofError } from '../../proto/errors.ts';
import type { Address } from '../../proto/vocabulary.ts';
import type { AgentMetrics } from './agent-metrics.ts';

export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

export interface MetricsServerLimits {
  readonly connections: number;
  /** For a request to be there, for an answer to be taken, and for a connection to be idle. */
  readonly timeoutMs: number;
}

const LIMITS: MetricsServerLimits = { connections: 16, timeoutMs: 5_000 };
const MAX_HEADER_BYTES = 8 * 1024;

/** Resolves when it listens; rejects with MPE_PORT_IN_USE where it cannot. */
export async function serveMetrics(
  { host, port }: Address,
  metrics: Pick<AgentMetrics, 'contentType' | 'text'>,
  { connections, timeoutMs }: MetricsServerLimits = LIMITS,
): Promise<MetricsServer> {
  const limits = {
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    keepAliveTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(1_000, timeoutMs),
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createServer(limits, (request, response) => {
    void answer(request, response, metrics);
  });
  server.maxConnections = connections;
  server.setTimeout(2 * timeoutMs, (socket) => {
    socket.destroy();
  });
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen({ host, port }, () => {
    listening.resolve(undefined);
  });
  try {
    await listening.promise;
  } catch (error) {
    throw new MeshproofError('MPE_PORT_IN_USE', `cannot serve metrics on ${host}:${String(port)}`, {
      cause: error,
      hint: 'Set MESHPROOF_METRICS to an address of this machine that is free, or leave it out.',
    });
  }
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { contentType, text }: Pick<AgentMetrics, 'contentType' | 'text'>,
): Promise<void> {
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== '/metrics') {
    refuse(response, 404, {});
    return;
  }
  if (request.method !== 'GET') {
    refuse(response, 405, { allow: 'GET' });
    return;
  }
  try {
    const body = await text();
    response.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
  } catch {
    // What it failed at is no matter of whoever asks.
    refuse(response, 500, {});
  }
}

/** A request that is refused may have a body, which nobody reads. */
function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, { ...headers, connection: 'close', 'content-length': 0 }).end();
}
