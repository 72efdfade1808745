/** A sidecar's status port 15020 and readiness port 15021, which are never captured (istio: pilot/cmd/pilot-agent/status/server.go). */
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { MeshproofError } from '../../proto/errors.ts';
import type { Address } from '../../proto/vocabulary.ts';
import type { SidecarPlan } from './data-plane.ts';
import { checkGrpcHealth } from './grpc-health.ts';

type Prober = SidecarPlan['probers'][string];

/** Kubernetes' default timeout of a container probe. */
const PROBE_TIMEOUT_MS = 1_000;
const READINESS_PATH = '/healthz/ready';

/** Both ports of one sidecar. Rejects with MPE_PORT_IN_USE; what was started before is ended then. */
export async function serveStatus(plan: SidecarPlan): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  started.use(await serve(plan.statusPort, (path) => statusOf(path, plan.probers)));
  started.use(
    await serve(plan.readinessPort, (path) =>
      Promise.resolve({ status: path === READINESS_PATH ? 200 : 404, body: '' }),
    ),
  );
  return started.move();
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function statusOf(path: string, probers: SidecarPlan['probers']): Promise<Answer> {
  if (path === READINESS_PATH) return { status: 200, body: '' };
  if (!path.startsWith('/app-health/')) return { status: 404, body: '404 page not found\n' };
  const prober = probers[path];
  // The status server's own words, spelling included.
  if (prober === undefined) return { status: 400, body: `app prober config does not exists for ${path}` };
  return { status: await probeApp(prober), body: '' };
}

/** What the app says, as the status server relays it: its own status, 200 for a redirect, 500 where there is no answer. */
async function probeApp(prober: Prober): Promise<number> {
  switch (prober.kind) {
    case 'httpGet':
      return getStatus(prober.app, prober.path);
    case 'tcpSocket':
      return (await connects(prober.app)) ? 200 : 500;
    case 'grpc':
      return (await checkGrpcHealth(prober.app, PROBE_TIMEOUT_MS)) ? 200 : 500;
  }
}

async function getStatus({ host, port }: Address, path: string): Promise<number> {
  const request = http.get({ host, port, path, agent: false, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  try {
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    const status = response.statusCode ?? 500;
    return status >= 300 && status < 400 ? 200 : status;
  } catch {
    // Whatever kept the app from answering, the kubelet sees a failed check.
    return 500;
  }
}

async function connects({ host, port }: Address): Promise<boolean> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function serve({ host, port }: Address, answer: (path: string) => Promise<Answer>): Promise<AsyncDisposable> {
  const server = http.createServer((request, response) => {
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    void answer(path).then(({ status, body }) => {
      response
        .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length })
        .end(body);
    });
  });
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${host}:${String(port)}`, { cause: error });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
