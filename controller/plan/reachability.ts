/** The reachability table: who calls which service port, directly or through a gateway. */
import type { GatewayRoute, Mesh, Service, ServicePort } from '../declared/mesh.ts';
import type { Probe, Route, Vantage } from '../../proto/vocabulary.ts';
import { applicationOf, authorityOf, cleartextProbe, identitiesOf, isApplication } from './facts.ts';
import { OWN_NAMESPACE } from './cell.ts';
import type { PlacedVantage, Proposal } from './cell.ts';

/** A proxy chooses among the endpoints by itself, so that it takes more attempts to meet them all. */
const ATTEMPTS_PER_PROXIED_ENDPOINT = 2;
const MAX_ATTEMPTS = 16;

/** Every caller to every service port; every gateway route from the probers. */
export function planReachability(
  mesh: Mesh,
  callers: readonly PlacedVantage[],
  probers: readonly PlacedVantage[],
): readonly Proposal[] {
  const called = mesh.services.filter((service) => isTarget(mesh, service));
  const direct = callers.flatMap((placed) =>
    called.flatMap((service) =>
      service.ports
        .filter((port) => isDialled(service, port))
        .map((port) => callOf(mesh, placed, service, port, attemptsFor(placed.vantage, port))),
    ),
  );
  const routed = probers.flatMap((placed) =>
    mesh.gatewayRoutes.flatMap((route) => throughGateway(mesh, placed, route)),
  );
  return [...direct, ...routed];
}

function callOf(
  mesh: Mesh,
  placed: PlacedVantage,
  service: Service,
  port: ServicePort,
  attempts: number,
): Proposal & { readonly route: Route } {
  return {
    table: 'reachability',
    route: {
      vantage: placed.vantage,
      target: { kind: 'service', namespace: service.namespace, name: service.name, port: port.port },
      probe: probeFor(port),
    },
    source: placed.workload,
    authority: authorityOf(service, port.port),
    serverName: '',
    peerIdentities: identitiesOf(mesh, port.endpoints),
    attempts,
  };
}

function throughGateway(mesh: Mesh, placed: PlacedVantage, route: GatewayRoute): readonly Proposal[] {
  const gateway = mesh.servicesByKey.get(route.gateway);
  const service = mesh.servicesByKey.get(route.backend.service);
  const port = service?.ports.find((candidate) => candidate.port === route.backend.port);
  if (gateway === undefined || service === undefined || port === undefined) return [];
  const host = concreteHost(route.host, service);
  const attempts = manyAttempts(port.endpoints.length);
  const call = callOf(mesh, placed, service, port, attempts);
  const via = { namespace: gateway.namespace, name: gateway.name, port: route.port, host };
  const target = { kind: 'service', namespace: service.namespace, name: service.name, port: port.port, via } as const;
  return [{ ...call, route: { ...call.route, target }, authority: host, peerIdentities: [] }];
}

/** Where the application speaks TLS itself, a caller opens TLS; nothing else would make it answer. */
function probeFor(port: ServicePort): Probe {
  return port.isTls ? { kind: 'tls', alpn: [] } : cleartextProbe(applicationOf(port.protocol));
}

/** A wildcard cannot be asked for; some name that it covers can. */
function concreteHost(pattern: string, backend: Service): string {
  if (pattern === '*') return backend.fqdn;
  return pattern.startsWith('*.') ? `meshproof${pattern.slice(1)}` : pattern;
}

/** Our own pods, standalone proxies and what is outside are no targets; a Service without endpoints is one (503). */
function isTarget(mesh: Mesh, service: Service): boolean {
  if (service.namespace === OWN_NAMESPACE || service.isExternal || service.kind !== 'Service') return false;
  const pods = service.ports.flatMap(({ endpoints }) => endpoints).map(({ pod }) => mesh.podsByKey.get(pod ?? ''));
  return pods.length === 0 || pods.some((pod) => pod === undefined || isApplication(pod));
}

/** The name of a headless Service gives pod addresses: there is nothing to dial without pods, or at another port than theirs. */
function isDialled(service: Service, port: ServicePort): boolean {
  return !service.isHeadless || port.endpoints.some((endpoint) => endpoint.port === port.port);
}

function attemptsFor(vantage: Vantage, port: ServicePort): number {
  return vantage.dataPlane === 'sidecar' ? manyAttempts(port.endpoints.length) : Math.max(1, port.endpoints.length);
}

function manyAttempts(endpoints: number): number {
  if (endpoints <= 1) return 1;
  return Math.max(endpoints, Math.min(MAX_ATTEMPTS, endpoints * ATTEMPTS_PER_PROXIED_ENDPOINT));
}
