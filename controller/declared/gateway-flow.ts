/**
 * Flows through a gateway: the caller's hop to the gateway, its listener and policies, and its own call behind.
 * istio: pilot/pkg/networking/core/gateway.go:buildGatewayListeners, buildGatewayHTTPRouteConfig
 */
import { serviceTransport } from './client-transport.ts';
import type { Wire } from './client-transport.ts';
import { combine } from './combine.ts';
import type { EndpointVerdict } from './combine.ts';
import type { Decider, Expectation, Flow, ObjectRef, TrailStep } from './expectation.ts';
import { identityOf, rawHandshake, requestOf } from './flow-facts.ts';
import { findHttpRoute, findStreamRoute, serversOf } from './gateway.ts';
import type { GatewayServer } from './gateway.ts';
import type { RouteAction, RouteDestination } from './http-route.ts';
import type { Pod, Service, ServicePort } from './model.ts';
import { sendingOf } from './proxied.ts';
import { hostHeader, sourceStep, unknownFlow } from './question.ts';
import type { Question } from './question.ts';
import { networkStep, reach, refusedByNetwork, stopped } from './reach.ts';
import type { HttpFacts, ServerVerdict } from './connection.ts';
import { isSubset } from './selector.ts';
import { isExportedTo } from './sidecar-scope.ts';
import { step } from './trail.ts';
import { callerWire, gatewayDenial, tlsRefusal } from './gateway-hop.ts';

/** `flow.via` names the gateway's Service; the port is the one whose servers have a route for the request. */
export function expectVia(question: Question, via: string): Expectation {
  const gateway = question.mesh.servicesByKey.get(via);
  if (gateway === undefined) return unknownFlow(`there is no gateway service ${via}`);
  const port = gatewayPort(question, gateway);
  if (port === undefined) return unknownFlow(`gateway service ${via} has no ports`);
  return throughPort(question, gateway, port, true);
}

/** The gateway's own listener, without what is behind it. */
export function expectGatewayListener(question: Question, gateway: Service, port: ServicePort): Expectation {
  return throughPort(question, gateway, port, false);
}

function gatewayPort(question: Question, gateway: Service): ServicePort | undefined {
  const isTls = rawHandshake(question.mesh, question.flow, question.facts) !== null;
  const fitting = gateway.ports.find((port) =>
    gatewayPods(question, port).some((pod) =>
      serversOf(question.mesh.gateways, pod, port).some(
        (server) => (server.tls !== 'none') === isTls && routeOf(question, server, pod, port).kind !== 'none',
      ),
    ),
  );
  return fitting ?? gateway.ports[0];
}

function gatewayPods({ mesh }: Question, port: ServicePort): readonly Pod[] {
  return port.endpoints.flatMap(({ pod }) => mesh.podsByKey.get(pod ?? '') ?? []);
}

function throughPort(question: Question, gateway: Service, port: ServicePort, isThrough: boolean): Expectation {
  const { warnings } = question;
  const wire = callerWire(question, gateway, port);
  const before = [sourceStep(question), wire.step];
  const pods = gatewayPods(question, port);
  if (pods.length === 0) {
    return combine(
      [{ pod: '', verdict: stopped('NO_ENDPOINTS', [step('visibility', 'no-endpoints')], null) }],
      before,
      warnings,
    );
  }
  return combine(
    pods.flatMap((pod) => atPod(question, pod, port, wire.wire, isThrough)),
    before,
    warnings,
  );
}

function atPod(
  question: Question,
  pod: Pod,
  port: ServicePort,
  wire: Wire | null,
  isThrough: boolean,
): readonly EndpointVerdict[] {
  const { mesh } = question;
  const containerPort = port.endpoints.find((end) => end.pod === pod.key)?.port ?? port.port;
  const network = networkStep(question, pod, containerPort);
  const one = (verdict: ServerVerdict): readonly EndpointVerdict[] => [{ pod: pod.key, verdict }];
  if (network.refusal !== null) return one(refusedByNetwork(network.refusal, []));
  const steps = [network.step];
  const servers = serversOf(mesh.gateways, pod, port);
  const [first] = servers;
  if (first === undefined) {
    const note = `no Gateway has a server for port ${String(port.port)}`;
    return one(stopped('APP_DOWN', [...steps, step('application', 'not-listening', { note })], null));
  }
  const server = servers.find((candidate) => routeOf(question, candidate, pod, port).kind !== 'none') ?? first;
  const refusal = tlsRefusal(question, server, wire, steps);
  if (refusal !== null) return one(refusal);
  const denial = gatewayDenial(question, pod, containerPort, server, wire, steps);
  if (denial !== null) return one(denial);
  const route = routeOf(question, server, pod, port);
  return followed(question, { pod, port, server, route, steps, isThrough });
}

type Route =
  | { readonly kind: 'none' }
  | { readonly kind: 'redirect'; readonly object: ObjectRef }
  | { readonly kind: 'http'; readonly object: ObjectRef; readonly action: RouteAction; readonly request: HttpFacts }
  | { readonly kind: 'stream'; readonly object: ObjectRef; readonly destinations: readonly RouteDestination[] };

function routeOf(question: Question, server: GatewayServer, pod: Pod, port: ServicePort): Route {
  const { mesh, flow } = question;
  if (server.isHttpsRedirect) return { kind: 'redirect', object: server.gateway };
  const request = requestOf(flow, hostHeader(question));
  if (server.isHttp && server.tls !== 'PASSTHROUGH') {
    const context = { port: port.port, labels: pod.labels, namespace: pod.namespace };
    const found = findHttpRoute(mesh.gateways, server, request, context);
    return found === null
      ? { kind: 'none' }
      : { kind: 'http', object: found.object, action: found.route.action, request };
  }
  const host = request.host.toLowerCase().replace(/:\d+$/, '');
  const found = findStreamRoute(mesh.gateways, server, host, pod.namespace);
  return found === null
    ? { kind: 'none' }
    : { kind: 'stream', object: found.object, destinations: found.route.destinations };
}

interface Followed {
  readonly pod: Pod;
  readonly port: ServicePort;
  readonly server: GatewayServer;
  readonly route: Route;
  readonly steps: readonly TrailStep[];
  readonly isThrough: boolean;
}

function followed(question: Question, { pod, server, route, steps, isThrough }: Followed): readonly EndpointVerdict[] {
  const one = (verdict: ServerVerdict): readonly EndpointVerdict[] => [{ pod: pod.key, verdict }];
  const transport = server.tls === 'none' ? 'plaintext' : 'tls';
  switch (route.kind) {
    case 'none': {
      const said = step('gateway', 'no-route', {
        object: server.gateway,
        note: `no route for ${hostHeader(question)}`,
      });
      return one({
        ...stopped('NO_ROUTE', [...steps, said], { stage: 'gateway', ...server.gateway }),
        transport,
        ...(server.isHttp ? { httpStatus: 404 } : {}),
      });
    }
    case 'redirect':
      return one(answered(route.object, 301, true, steps, transport));
    case 'http': {
      const { action, object } = route;
      if (action.kind === 'answer')
        return one(answered(object, action.httpStatus, action.isRedirect, steps, transport));
      if (action.kind === 'unmodelled')
        return one({ ...stopped('UNKNOWN', steps, null), warnings: [`${object.name}: ${action.why}`] });
      const said = [...steps, step('gateway', 'routed', { object })];
      if (!isThrough) return one(listening(said, transport, { stage: 'gateway', ...object }));
      return behind(question, pod, object, action.destinations, said, action.rewrite(route.request));
    }
    case 'stream': {
      const said = [...steps, step('gateway', 'routed', { object: route.object })];
      if (!isThrough) return one(listening(said, transport, { stage: 'gateway', ...route.object }));
      return behind(question, pod, route.object, route.destinations, said, null);
    }
  }
}

function listening(steps: readonly TrailStep[], transport: 'plaintext' | 'tls', decidedBy: Decider): ServerVerdict {
  return { ...stopped(transport === 'tls' ? 'ALLOW_OPAQUE_TLS' : 'ALLOW_PLAINTEXT', steps, decidedBy), transport };
}

function answered(
  object: ObjectRef,
  httpStatus: number,
  isRedirect: boolean,
  steps: readonly TrailStep[],
  transport: 'plaintext' | 'tls',
): ServerVerdict {
  const said = step('gateway', isRedirect ? 'redirected' : 'routed', {
    object,
    note: `the gateway answers ${String(httpStatus)} itself`,
  });
  return { ...stopped('ALLOW_PLAINTEXT', [...steps, said], { stage: 'gateway', ...object }), transport, httpStatus };
}

function rewritten(flow: Flow, { host, method, path, headers }: HttpFacts): Flow {
  return { ...flow, request: { ...flow.request, host, method, path, headers } };
}

/** The gateway's own call: it is a client like a sidecar, of its own namespace and service account. */
function behind(
  question: Question,
  pod: Pod,
  object: ObjectRef,
  destinations: readonly RouteDestination[],
  steps: readonly TrailStep[],
  request: HttpFacts | null,
): readonly EndpointVerdict[] {
  const { mesh, flow } = question;
  const facts = { pod, address: pod.addresses[0] ?? null, identity: identityOf(mesh, pod), isProxied: true };
  return destinations.flatMap((destination): readonly EndpointVerdict[] => {
    const service = mesh.hostsByName.get(destination.host);
    const number = destination.port ?? (service?.ports.length === 1 ? service.ports[0]?.port : undefined);
    const port = service?.ports.find((candidate) => candidate.port === number);
    const missing = (note: string): readonly EndpointVerdict[] => {
      const said = step('gateway', 'no-route', { object, note });
      const verdict = stopped('NO_ENDPOINTS', [...steps, said], { stage: 'gateway', ...object });
      return [{ pod: destination.host, verdict: { ...verdict, ...(request === null ? {} : { httpStatus: 503 }) } }];
    };
    if (service === undefined || port === undefined) return missing(`${destination.host} is no service with that port`);
    if (!isExportedTo(service, pod.namespace)) return missing(`${service.key} is not exported to ${pod.namespace}`);
    const client = { namespace: pod.namespace, labels: pod.labels };
    const transport = serviceTransport({ mesh, client, service, port, subset: destination.subset, isGateway: true });
    if (transport.isSubsetMissing) return missing(`no DestinationRule has a subset ${destination.subset}`);
    const sent = request === null ? flow : rewritten(flow, request);
    const next: Question = {
      ...question,
      flow: sent,
      facts,
      caller: { kind: 'pod', pod, isMixed: false },
      callee: { kind: 'service', service, port },
    };
    const isHttp = request !== null;
    const routed = { isHttp, step: step('visibility', 'visible', { note: service.key }) };
    const labels = transport.subsetLabels ?? {};
    const ends = port.endpoints.filter((end) => isSubset(labels, mesh.podsByKey.get(end.pod ?? '')?.labels ?? {}));
    if (ends.length === 0) return missing(`${service.key} ${destination.subset} has no endpoints`);
    return ends.map((endpoint) => {
      const sending = sendingOf(next, routed, transport.to(endpoint));
      return reach(next, endpoint, { ...sending, steps: [...steps, ...sending.steps] });
    });
  });
}
