/** What a VirtualService for sidecars makes of a call: other destinations, an answer of the proxy's own, or nothing. */
import type { Dispatch } from './client-route.ts';
import type { Flow, ObjectRef, TrailStep } from './expectation.ts';
import { requestOf } from './flow-facts.ts';
import type { RouteAction, RouteDestination } from './http-route.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServicePort } from './model.ts';
import { hostHeader } from './question.ts';
import type { Question } from './question.ts';
import { stopped } from './reach.ts';
import type { ServerVerdict } from './connection.ts';
import { step } from './trail.ts';
import { meshVirtualService } from './virtual-service.ts';
import type { VirtualService } from './virtual-service.ts';

export interface Upstream {
  readonly service: Service;
  readonly port: ServicePort;
  readonly subset: string;
  readonly step: TrailStep;
  readonly object: ObjectRef;
}

export type MeshRoute =
  /** No VirtualService has a say. */
  | { readonly kind: 'default' }
  | { readonly kind: 'stopped'; readonly verdict: ServerVerdict }
  | { readonly kind: 'routed'; readonly question: Question; readonly upstreams: readonly Upstream[] };

/** istio: pilot/pkg/networking/core/route/route.go:BuildHTTPRoutesForVirtualService, networkfilter for TCP */
export function meshRoute(question: Question, pod: Pod, answer: Extract<Dispatch, { kind: 'service' }>): MeshRoute {
  const { mesh } = question;
  if (mesh.virtualServices.length === 0) return { kind: 'default' };
  const virtual = meshVirtualService(mesh.virtualServices, answer.service.fqdn, pod.namespace);
  if (virtual === null) return { kind: 'default' };
  return answer.isHttp ? httpRoute(question, pod, answer, virtual) : streamRoute(question, answer, virtual);
}

function httpRoute(
  question: Question,
  pod: Pod,
  { service, port, step: seen }: Extract<Dispatch, { kind: 'service' }>,
  virtual: VirtualService,
): MeshRoute {
  if (virtual.http.length === 0) return { kind: 'default' };
  const { mesh, flow } = question;
  const request = requestOf(flow, hostHeader(question));
  const context = { gateway: 'mesh', port: port.port, labels: pod.labels, namespace: pod.namespace };
  const route = virtual.http.find((candidate) => candidate.matches(request, context));
  if (route === undefined) {
    const said = step('gateway', 'no-route', { object: virtual.ref, note: `no route of it matches ${request.path}` });
    return {
      kind: 'stopped',
      verdict: { ...stopped('NO_ROUTE', [seen, said], { stage: 'gateway', ...virtual.ref }), httpStatus: 404 },
    };
  }
  const object = { ...virtual.ref, path: route.path };
  if (route.action.kind !== 'route') return { kind: 'stopped', verdict: ownAnswer(route.action, object, seen) };
  const { host, method, path, headers } = route.action.rewrite(request);
  const sent: Flow = { ...flow, request: { ...flow.request, host, method, path, headers } };
  const upstreams = route.action.destinations.map((destination) => upstreamOf(mesh, destination, port, object));
  const missing = upstreams.find((upstream) => typeof upstream === 'string');
  if (missing !== undefined) return { kind: 'stopped', verdict: noCluster(missing, service, object, seen) };
  return {
    kind: 'routed',
    question: { ...question, flow: sent },
    upstreams: upstreams.filter((upstream) => typeof upstream !== 'string'),
  };
}

function ownAnswer(action: Exclude<RouteAction, { kind: 'route' }>, object: ObjectRef, seen: TrailStep): ServerVerdict {
  if (action.kind === 'unmodelled')
    return { ...stopped('UNKNOWN', [seen], null), warnings: [`${object.name} is not modelled here: ${action.why}`] };
  const said = step('gateway', action.isRedirect ? 'redirected' : 'routed', {
    object,
    note: `the caller's proxy answers ${String(action.httpStatus)} itself`,
  });
  return {
    ...stopped('ALLOW_PLAINTEXT', [seen, said], { stage: 'gateway', ...object }),
    transport: 'plaintext',
    httpStatus: action.httpStatus,
  };
}

function noCluster(why: string, service: Service, object: ObjectRef, seen: TrailStep): ServerVerdict {
  const said = step('gateway', 'no-route', { object, note: `${why}, for ${service.key}` });
  return { ...stopped('NO_ENDPOINTS', [seen, said], { stage: 'gateway', ...object }), httpStatus: 503 };
}

function upstreamOf(
  mesh: Mesh,
  { host, subset, port: wanted }: RouteDestination,
  from: ServicePort,
  object: ObjectRef,
): Upstream | string {
  const service = mesh.hostsByName.get(host);
  if (service === undefined) return `${host} is no service`;
  const number = wanted ?? (service.ports.length === 1 ? service.ports[0]?.port : from.port);
  const port = service.ports.find((candidate) => candidate.port === number);
  if (port === undefined) return `${host} has no port ${String(number)}`;
  return {
    service,
    port,
    subset,
    object,
    step: step('gateway', 'routed', { object, note: `${host} ${subset}`.trim() }),
  };
}

function streamRoute(
  question: Question,
  { port }: Extract<Dispatch, { kind: 'service' }>,
  virtual: VirtualService,
): MeshRoute {
  const route = virtual.tcp.find(({ ports }) => ports.length === 0 || ports.includes(port.port));
  if (route === undefined) return { kind: 'default' };
  const object = { ...virtual.ref, path: route.path };
  const upstreams = route.destinations.map((destination) => upstreamOf(question.mesh, destination, port, object));
  return { kind: 'routed', question, upstreams: upstreams.filter((upstream) => typeof upstream !== 'string') };
}
