/** A standalone proxy: HTTP listeners that route by Host header. */
import type { GatewayPlan, WorkloadCertificate } from '../data-plane.ts';
import { forward } from './forward.ts';
import { withoutHeaders, type Answer } from './http-message.ts';
import { serveHttp } from './http-server.ts';
import { roundRobin } from './load-balancer.ts';
import { localReply, NO_HEALTHY_UPSTREAM } from './local-reply.ts';
import type { Proxy } from './proxy.ts';
import { routeFor } from './service-routes.ts';
import { CLIENT_ALPN, connectEndpoint } from './upstream.ts';

/** One for every port that its routes name. */
export function gatewayProxies({ certificate, listeners }: GatewayPlan): readonly Proxy[] {
  return listeners.map(({ listen, routes }) => ({
    address: listen,
    facts: { certificate, routes },
    take: () => {
      const answer = answerOf(routes, certificate);
      return (socket) => serveHttp(socket, { serverName: 'istio-envoy', answer });
    },
  }));
}

function answerOf(routes: GatewayPlan['listeners'][number]['routes'], certificate: WorkloadCertificate): Answer {
  const next = roundRobin();
  return (request, signal) => {
    const service = routeFor(routes, request.authority)?.to;
    if (service === undefined) return Promise.resolve(localReply(request, 404, ''));
    const endpoint = next(service);
    if (endpoint === undefined) return Promise.resolve(localReply(request, 503, NO_HEALTHY_UPSTREAM));
    const alpn = request.version === 2 ? CLIENT_ALPN.h2 : CLIENT_ALPN.http1;
    const headers = withoutHeaders(request.headers, ['x-forwarded-client-cert']);
    const connect = (gone: AbortSignal): ReturnType<typeof connectEndpoint> =>
      connectEndpoint(endpoint, service, certificate, alpn, gone);
    return forward({ ...request, headers }, connect, signal);
  };
}
