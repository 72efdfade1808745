/** Gateways: which servers a gateway's pods hold on a port, and which routes stand behind a host. */
import type { ObjectRef } from './expectation.ts';
import { hostsOverlap, isWildcard, wildcardMatches } from './hosts.ts';
import type { HttpRoute, RouteContext } from './http-route.ts';
import type { GatewayRoute, Pod, Service, ServicePort } from './model.ts';
import type { K8sObject } from './objects.ts';
import { byAge, compareText, refOf } from './order.ts';
import { fields, integer, isFields, list, text, textMap, texts } from './reading.ts';
import { isSubset } from './selector.ts';
import type { Labels } from './selector.ts';
import type { HttpFacts } from './connection.ts';
import { admittedHosts, isVisibleTo } from './virtual-service.ts';
import type { StreamRoute, VirtualService } from './virtual-service.ts';

export type GatewayTls =
  'none' | 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL' | 'ISTIO_MUTUAL' | 'PASSTHROUGH' | 'AUTO_PASSTHROUGH';

export interface GatewayServer {
  readonly gateway: ObjectRef;
  /** Pods that hold it; the gateway's namespace is asked too where the mesh is told so (it is not by default). */
  readonly selector: Labels;
  readonly port: number;
  readonly isHttp: boolean;
  readonly tls: GatewayTls;
  readonly isHttpsRedirect: boolean;
  readonly hosts: readonly string[];
}

/** Oldest first. Istio's Gateway; of the Gateway API, those whose pods bear the gateway's name. */
export function readGatewayServers(objects: readonly K8sObject[]): readonly GatewayServer[] {
  return [...objects].sort(byAge).flatMap((object) => {
    const spec = fields(object, 'spec');
    return object.apiVersion.startsWith('gateway.networking.k8s.io/')
      ? list(spec['listeners']).map((listener) => fromListener(object, listener))
      : list(spec['servers']).map((server, index) => fromServer(object, server, index));
  });
}

function fromServer(object: K8sObject, value: unknown, index: number): GatewayServer {
  const server = fields(value);
  const protocol = (text(fields(server, 'port')['protocol']) ?? '').toUpperCase();
  const tls = fields(server, 'tls');
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  return {
    gateway: refOf(object, `spec.servers[${String(index)}]`),
    selector: textMap(fields(object, 'spec', 'selector')),
    port: integer(fields(server, 'port')['number']) ?? 0,
    isHttp: ['HTTP', 'HTTP2', 'GRPC', 'HTTPS'].includes(protocol),
    tls: isTls ? tlsMode(tls['mode']) : 'none',
    isHttpsRedirect: tls['httpsRedirect'] === true,
    hosts: texts(server['hosts']),
  };
}

function tlsMode(mode: unknown): GatewayTls {
  switch (mode) {
    case 'MUTUAL':
    case 'OPTIONAL_MUTUAL':
    case 'ISTIO_MUTUAL':
    case 'PASSTHROUGH':
    case 'AUTO_PASSTHROUGH':
      return mode;
    default:
      return 'SIMPLE';
  }
}

function fromListener(object: K8sObject, value: unknown): GatewayServer {
  const listener = fields(value);
  const protocol = text(listener['protocol']) ?? 'HTTP';
  const host = text(listener['hostname']);
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  return {
    gateway: refOf(object),
    selector: { 'gateway.networking.k8s.io/gateway-name': object.metadata.name },
    port: integer(listener['port']) ?? 0,
    isHttp: protocol === 'HTTP' || protocol === 'HTTPS',
    tls: isTls ? (fields(listener, 'tls')['mode'] === 'Passthrough' ? 'PASSTHROUGH' : 'SIMPLE') : 'none',
    isHttpsRedirect: false,
    hosts: host === undefined ? ['*'] : [host],
  };
}

/** Selectors of Istio's Gateways, which tell a proxy pod that it is a gateway. */
export function gatewaySelectors(objects: readonly K8sObject[]): readonly Labels[] {
  return objects
    .filter(({ apiVersion }) => apiVersion.startsWith('networking.istio.io/'))
    .map((object) => textMap(fields(object, 'spec', 'selector')))
    .filter((selector) => Object.keys(selector).length > 0);
}

/** HTTPRoutes of the Gateway API in the shape of VirtualServices; matches by path, method and headers. */
export function readApiRoutes(objects: readonly K8sObject[]): readonly K8sObject[] {
  return objects.map((object) => {
    const spec = fields(object, 'spec');
    const { namespace } = object.metadata;
    const hosts = texts(spec['hostnames']);
    return {
      ...object,
      spec: {
        hosts: hosts.length === 0 ? ['*'] : hosts,
        gateways: list(spec['parentRefs']).flatMap((ref) => {
          const name = text(fields(ref)['name']);
          return name === undefined ? [] : [`${text(fields(ref)['namespace']) ?? namespace}/${name}`];
        }),
        http: list(spec['rules']).map((rule) => ({
          match: list(fields(rule)['matches']).map(apiMatch),
          route: list(fields(rule)['backendRefs']).map((backend) => {
            const { name, namespace: other, port, weight } = fields(backend);
            return {
              destination: {
                host: `${String(name)}.${text(other) ?? namespace}.svc.cluster.local`,
                port: { number: port },
              },
              weight: weight ?? 1,
            };
          }),
        })),
      },
    };
  });
}

function apiMatch(value: unknown): unknown {
  const match = fields(value);
  const path = fields(match, 'path');
  const kind = path['type'] === 'Exact' ? 'exact' : path['type'] === 'RegularExpression' ? 'regex' : 'prefix';
  const headers = list(match['headers']).map((header) => [
    text(fields(header)['name']) ?? '',
    { [fields(header)['type'] === 'RegularExpression' ? 'regex' : 'exact']: fields(header)['value'] },
  ]);
  return {
    ...(isFields(match['path']) ? { uri: { [kind]: path['value'] ?? '/' } } : {}),
    ...(typeof match['method'] === 'string' ? { method: { exact: match['method'] } } : {}),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) as unknown }),
  };
}

export interface Gateways {
  readonly servers: readonly GatewayServer[];
  readonly virtualServices: readonly VirtualService[];
}

/** Servers that the pod holds behind this port of its Service; a server counts service ports. */
export function serversOf({ servers }: Gateways, pod: Pod, port: ServicePort): readonly GatewayServer[] {
  return servers.filter(
    ({ selector, port: number }) =>
      isSubset(selector, pod.labels) &&
      (number === port.port || port.endpoints.some((end) => end.pod === pod.key && end.port === number)),
  );
}

export interface MatchedRoute {
  readonly object: ObjectRef;
  readonly route: HttpRoute;
}

/** The server's hosts are asked, then the VirtualService with the closest host, then its routes in order. */
export function findHttpRoute(
  { virtualServices }: Gateways,
  server: GatewayServer,
  request: HttpFacts,
  context: Omit<RouteContext, 'gateway'>,
): MatchedRoute | null {
  const host = request.host.toLowerCase().replace(/:\d+$/, '');
  const gateway = `${server.gateway.namespace}/${server.gateway.name}`;
  if (!server.hosts.some((pattern) => hostsOverlap(pattern.split('/').at(-1) ?? '', host))) return null;
  const candidates = boundTo(virtualServices, server, context.namespace).flatMap(({ service, hosts }) =>
    hosts
      .filter((pattern) => pattern === host || (isWildcard(pattern) && wildcardMatches(pattern, host)))
      .map((pattern) => ({ service, pattern })),
  );
  const closest = candidates.sort((a, b) => specificity(b.pattern) - specificity(a.pattern))[0]?.pattern;
  for (const { service, pattern } of candidates) {
    if (pattern !== closest) continue;
    const route = service.http.find((candidate) => candidate.matches(request, { ...context, gateway }));
    if (route !== undefined) return { object: { ...service.ref, path: route.path }, route };
  }
  return null;
}

export function findStreamRoute(
  { virtualServices }: Gateways,
  server: GatewayServer,
  serverName: string,
  namespace: string,
): { readonly object: ObjectRef; readonly route: StreamRoute } | null {
  for (const { service } of boundTo(virtualServices, server, namespace)) {
    const route =
      server.tls === 'PASSTHROUGH'
        ? service.tls.find(({ serverNames }) => serverNames.some((name) => hostsOverlap(name, serverName)))
        : (service.tcp[0] ?? service.tls[0]);
    if (route !== undefined) return { object: { ...service.ref, path: route.path }, route };
  }
  return null;
}

function specificity(pattern: string): number {
  return isWildcard(pattern) ? pattern.length - 1 : 10_000 + pattern.length;
}

function boundTo(
  virtualServices: readonly VirtualService[],
  { gateway, hosts }: GatewayServer,
  namespace: string,
): readonly { readonly service: VirtualService; readonly hosts: readonly string[] }[] {
  const name = `${gateway.namespace}/${gateway.name}`;
  return virtualServices
    .filter((service) => service.gateways.includes(name) && isVisibleTo(service, namespace))
    .map((service) => ({ service, hosts: admittedHosts(service, hosts, gateway.namespace) }))
    .filter((bound) => bound.hosts.length > 0);
}

/** Plain HTTP hosts that lead to a service of the mesh: what a probe can be sent through. Sorted. */
export function gatewayRoutes(
  gateways: Gateways,
  services: readonly Service[],
  podsByKey: ReadonlyMap<string, Pod>,
): readonly GatewayRoute[] {
  const byHost = new Map(services.map((service) => [service.fqdn, service]));
  const routes: GatewayRoute[] = [];
  for (const service of services) {
    for (const port of service.ports) {
      const pod = podsByKey.get(port.endpoints[0]?.pod ?? '');
      if (pod?.dataPlane !== 'gateway') continue;
      for (const server of serversOf(gateways, pod, port)) {
        if (!server.isHttp || server.tls !== 'none' || server.isHttpsRedirect) continue;
        for (const { hosts } of boundTo(gateways.virtualServices, server, pod.namespace)) {
          for (const host of hosts.filter((name) => !isWildcard(name))) {
            const backend = backendOf(gateways, server, host, pod, port.port, byHost);
            if (backend !== null) routes.push({ gateway: service.key, port: port.port, host, backend });
          }
        }
      }
    }
  }
  const keyed = new Map(routes.map((route) => [`${route.gateway}|${String(route.port)}|${route.host}`, route]));
  return [...keyed].sort(([a], [b]) => compareText(a, b)).map(([, route]) => route);
}

function backendOf(
  gateways: Gateways,
  server: GatewayServer,
  host: string,
  pod: Pod,
  port: number,
  byHost: ReadonlyMap<string, Service>,
): GatewayRoute['backend'] | null {
  const request: HttpFacts = { host, method: 'GET', path: '/', headers: {} };
  const found = findHttpRoute(gateways, server, request, { port, labels: pod.labels, namespace: pod.namespace });
  if (found?.route.action.kind !== 'route') return null;
  const [destination] = found.route.action.destinations;
  const service = byHost.get(destination?.host ?? '');
  const number = destination?.port ?? (service?.ports.length === 1 ? service.ports[0]?.port : undefined);
  return service === undefined || number === undefined ? null : { service: service.key, port: number };
}
