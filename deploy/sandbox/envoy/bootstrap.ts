/** The whole static configuration of one Envoy: a sidecar or a gateway. */
import type { GatewayPlan, SidecarPlan } from '../data-plane.ts';
import { serviceCluster, serviceClusterName } from './clusters.ts';
import { gatewayHttp } from './http.ts';
import { inboundSide } from './inbound.ts';
import { ownSocket } from './message.ts';
import type { Message } from './message.ts';
import { outboundSide } from './outbound.ts';

/** `adminSocket` is the path of a unix socket, at most 107 bytes. */
export function sidecarBootstrap(plan: SidecarPlan, adminSocket: string): Message {
  const inbound = inboundSide(plan);
  const outbound = outboundSide(plan);
  return bootstrap(plan.pod, adminSocket, {
    listeners: [...inbound.listeners, ...outbound.listeners],
    clusters: [...inbound.clusters, ...outbound.clusters],
  });
}

/** `adminSocket` is the path of a unix socket, at most 107 bytes. */
export function gatewayBootstrap(plan: GatewayPlan, adminSocket: string): Message {
  const routes = plan.listeners.flatMap((listener) => listener.routes);
  const services = new Map(routes.map(({ to }) => [serviceClusterName(to), to]));
  return bootstrap(plan.pod, adminSocket, {
    clusters: [...services.values()].map((service) => serviceCluster(service, plan.certificate)),
    listeners: plan.listeners.map((listener) => {
      const name = `${listener.listen.host}_${String(listener.listen.port)}`;
      const hosts = listener.routes.map(({ host, to }) => ({
        domains: [host],
        cluster: serviceClusterName(to),
      }));
      return {
        name,
        ...ownSocket(listener.listen),
        filter_chains: [{ filters: [gatewayHttp(name, hosts)] }],
      };
    }),
  });
}

/** Statistics are off: nobody reads them, and they are most of a small proxy's memory. */
function bootstrap(id: string, adminSocket: string, resources: Message): Message {
  return {
    node: { id, cluster: 'meshproof-sandbox' },
    admin: { address: { pipe: { path: adminSocket, mode: 0o600 } } },
    stats_config: { stats_matcher: { reject_all: true } },
    static_resources: resources,
  };
}
