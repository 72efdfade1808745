/** The outbound side of a sidecar: captured traffic goes to the service that it names, or through as it is. */
import type { Socket } from 'node:net';
import type { Address } from '../../../proto/vocabulary.ts';
import type { SidecarPlan, UpstreamService } from '../data-plane.ts';
import { forward } from './forward.ts';
import { inspectHttp } from './http-inspector.ts';
import { withoutHeaders, type HttpRequest, type HttpResponse } from './http-message.ts';
import { serveHttp } from './http-server.ts';
import { roundRobin, type NextEndpoint } from './load-balancer.ts';
import { localReply, NO_HEALTHY_UPSTREAM } from './local-reply.ts';
import { peek } from './peek.ts';
import type { Proxy } from './proxy.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import { serviceNamed } from './service-routes.ts';
import { close, join } from './tcp-proxy.ts';
import { CLIENT_ALPN, connectEndpoint, connectPlain, type Connection } from './upstream.ts';

type Facts = Pick<SidecarPlan, 'pod' | 'certificate' | 'outbound'>;

interface Outbound {
  readonly plan: Facts;
  readonly next: NextEndpoint;
}

type Connect = (signal: AbortSignal) => Promise<Connection>;

export function outboundProxy({ capture, pod, certificate, outbound }: SidecarPlan): Proxy {
  const plan: Facts = { pod, certificate, outbound };
  return {
    address: capture,
    facts: plan,
    take: () => {
      const next = roundRobin();
      return (socket) => take(socket, { plan, next });
    },
  };
}

async function take(downstream: Socket, outbound: Outbound): Promise<void> {
  const header = await peek(downstream, readProxyHeader);
  if (header?.destination === undefined) {
    downstream.destroy();
    return;
  }
  downstream.read(header.lengthBytes);
  await route(downstream, header.destination, outbound);
}

/** By virtual address first, then by the port of any HTTP service (istio: pilot/pkg/networking/core/listener.go). */
async function route(downstream: Socket, destination: Address, outbound: Outbound): Promise<void> {
  const { plan } = outbound;
  const service = plan.outbound.find(({ virtualAddress }) => isSame(virtualAddress, destination));
  if (service === undefined) {
    const isHttpPort = plan.outbound.some(({ protocol, port }) => protocol === 'http' && port === destination.port);
    if (isHttpPort) await serveByHost(downstream, destination, undefined, outbound);
    else await proxyTcp(downstream, (signal) => connectPlain(destination, signal));
    return;
  }
  switch (service.protocol) {
    case 'http':
      await serveByHost(downstream, destination, service, outbound);
      break;
    case 'tcp':
      await proxyTcp(downstream, (signal) => connectService(service, CLIENT_ALPN.tcp, outbound, signal));
      break;
    case 'auto': {
      const sniffed = await peek(downstream, inspectHttp);
      if (sniffed === undefined) close(downstream);
      else if (sniffed === 'not-http') {
        await proxyTcp(downstream, (signal) => connectService(service, CLIENT_ALPN.tcp, outbound, signal));
      } else {
        // The route of a sniffed port holds its one service, whatever the Host header says.
        await serve(downstream, (request, signal) => forwardToService(request, service, outbound, signal));
      }
    }
  }
}

/** The Host header names the service; where it names none, the address does, and other addresses get it as it is. */
function serveByHost(
  downstream: Socket,
  destination: Address,
  service: UpstreamService | undefined,
  outbound: Outbound,
): Promise<void> {
  const { plan } = outbound;
  const namespace = plan.pod.split('/')[0] ?? '';
  return serve(downstream, (request, signal) => {
    const named = serviceNamed(plan.outbound, request.authority, destination.port, namespace) ?? service;
    if (named !== undefined) return forwardToService(request, named, outbound, signal);
    return forward(request, (gone) => connectPlain(destination, gone), signal);
  });
}

function serve(
  downstream: Socket,
  answer: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>,
): Promise<void> {
  return serveHttp(downstream, {
    serverName: 'envoy',
    // Envoy's default for forwarded client certificates is to remove them.
    answer: (request, signal) =>
      answer({ ...request, headers: withoutHeaders(request.headers, ['x-forwarded-client-cert']) }, signal),
  });
}

function forwardToService(
  request: HttpRequest,
  service: UpstreamService,
  outbound: Outbound,
  signal: AbortSignal,
): Promise<HttpResponse> {
  if (service.endpoints.length === 0) return Promise.resolve(localReply(request, 503, NO_HEALTHY_UPSTREAM));
  const alpn = request.version === 2 ? CLIENT_ALPN.h2 : CLIENT_ALPN.http1;
  return forward(request, (gone) => connectService(service, alpn, outbound, gone), signal);
}

function connectService(
  service: UpstreamService,
  alpn: readonly string[],
  { plan, next }: Outbound,
  signal: AbortSignal,
): Promise<Connection> {
  const endpoint = next(service);
  if (endpoint === undefined) return Promise.resolve({ kind: 'failed', why: NO_HEALTHY_UPSTREAM });
  return connectEndpoint(endpoint, service, plan.certificate, alpn, signal);
}

async function proxyTcp(downstream: Socket, connect: Connect): Promise<void> {
  const gone = new AbortController();
  downstream.once('close', () => {
    gone.abort();
  });
  const connection = await connect(gone.signal);
  if (connection.kind === 'failed') close(downstream);
  else join(downstream, connection.socket);
}

function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}
