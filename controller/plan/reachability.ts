/** The reachability table: who calls which service port, directly or through a gateway. */
import type { GatewayRoute, Mesh, Service, ServicePort } from '../declared/mesh.ts';
import type { Probe, Route, Vantage } from '../../proto/vocabulary.ts';
import { applicationOf, authorityOf, cleartextProbe, identitiesOf } from './facts.ts';
import type { PlacedVantage, Proposal } from './cell.ts';
import { askedBehind, pathFor } from './path.ts';
import type { Scope } from './scope.ts';

/** A proxy chooses among the endpoints by itself, so that it takes more attempts to meet them all. */
const ATTEMPTS_PER_PROXIED_ENDPOINT = 2;
const MAX_ATTEMPTS = 16;

/** Every caller to every service port; every gateway route from the probers. */
export function planReachability(
  mesh: Mesh,
  scope: Scope,
  callers: readonly PlacedVantage[],
  probers: readonly PlacedVantage[],
): readonly Proposal[] {
  const called = scope.services.flatMap((service) =>
    service.ports
      .filter((port) => isDialled(service, port))
      .map((port) => callTo(mesh, service, port, probeFor(mesh, service, port))),
  );
  const direct = callers.flatMap((placed) =>
    called.map((call) => callOf(placed, call, attemptsFor(placed.vantage, call.port))),
  );
  const routed = probers.flatMap((placed) =>
    scope.gatewayRoutes.flatMap((route) => throughGateway(mesh, placed, route)),
  );
  return [...direct, ...routed];
}

/** What is the same for everybody who calls the port. */
interface Call extends Pick<Proposal, 'authority' | 'peerIdentities'> {
  readonly port: ServicePort;
  readonly target: Route['target'];
  readonly probe: Probe;
}

function callTo(mesh: Mesh, service: Service, port: ServicePort, probe: Probe): Call {
  return {
    port,
    target: { kind: 'service', namespace: service.namespace, name: service.name, port: port.port },
    probe,
    authority: authorityOf(service, port.port),
    peerIdentities: identitiesOf(mesh, port.endpoints),
  };
}

function callOf(placed: PlacedVantage, call: Call, attempts: number): Proposal {
  const { target, probe, authority, peerIdentities } = call;
  return {
    table: 'reachability',
    route: { vantage: placed.vantage, target, probe },
    source: placed.workload,
    authority,
    serverName: '',
    peerIdentities,
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
  const call = callOf(placed, callTo(mesh, service, port, routedProbe(mesh, service, port)), attempts);
  const via = { namespace: gateway.namespace, name: gateway.name, port: route.port, host };
  const target = { kind: 'service', namespace: service.namespace, name: service.name, port: port.port, via } as const;
  return [{ ...call, route: { ...call.route, target }, authority: host, peerIdentities: [] }];
}

/** Where the application speaks TLS itself, a caller opens TLS; nothing else would make it answer. */
function probeFor(mesh: Mesh, service: Service, { isTls, protocol, endpoints }: ServicePort): Probe {
  if (isTls) return { kind: 'tls', alpn: [] };
  return cleartextProbe(applicationOf(protocol), pathFor(mesh, askedBehind(mesh, service, endpoints)));
}

/** The path of a health check is for callers inside: what comes through a gateway asks for what is there for everybody. */
function routedProbe(mesh: Mesh, service: Service, port: ServicePort): Probe {
  if (port.isTls) return { kind: 'tls', alpn: [] };
  const { pods } = askedBehind(mesh, service, port.endpoints);
  return cleartextProbe(applicationOf(port.protocol), pathFor(mesh, { service, pods }));
}

/** A wildcard cannot be asked for; some name that it covers can. */
function concreteHost(pattern: string, backend: Service): string {
  if (pattern === '*') return backend.fqdn;
  return pattern.startsWith('*.') ? `meshproof${pattern.slice(1)}` : pattern;
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
