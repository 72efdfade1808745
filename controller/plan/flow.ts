/** A route of the matrix as a question to the expectation engine. */
import type { Flow, FlowRequest } from '../declared/expectation.ts';
import type { ApplicationProtocol, HealthProbe, Probe, Route } from '../../proto/vocabulary.ts';
import { routeKey } from '../../proto/vocabulary.ts';

/**
 * `workload` is the `namespace/name` that stands for the vantage; its own identity is on its certificates. Probes from a
 * node's own network are the kubelet's. The flow's id is the route's key.
 */
export function flowOf(route: Route, workload: string): Flow {
  const { vantage, target, probe } = route;
  const place = `${target.namespace}/${target.name}`;
  const common = {
    id: routeKey(route),
    source: vantage.dataPlane === 'host' ? 'kubelet' : workload,
    target: target.kind === 'pod' ? `pod:${place}` : place,
    port: target.port,
  };
  const asked = questionOf(probe, workload);
  const via = target.kind === 'service' ? target.via : undefined;
  if (via === undefined) return { ...common, ...asked };
  const request = { ...asked.request, host: via.host };
  return { ...common, ...asked, request, via: `${via.namespace}/${via.name}` };
}

/** What a gRPC health check is to a proxy. */
const HEALTH_CALL: FlowRequest = { method: 'POST', path: '/grpc.health.v1.Health/Check' };

type Question = Pick<Flow, 'probe' | 'request' | 'tls' | 'health'>;

function questionOf(probe: Probe, workload: string): Question {
  switch (probe.kind) {
    case 'http':
      return { probe: 'http', request: { method: probe.method, path: probe.path } };
    case 'tcp':
      return { probe: 'tcp' };
    case 'grpc':
      return { probe: 'grpc', request: HEALTH_CALL };
    case 'tls':
      return { probe: 'tls', tls: { alpn: probe.alpn, certificate: 'none' } };
    case 'mtls':
    case 'mtls-untrusted':
      return {
        probe: 'mtls',
        tls: { alpn: probe.alpn, certificate: probe.kind === 'mtls' ? 'valid' : 'untrusted-ca', as: workload },
        ...requestInside(probe.application, probe.path),
      };
    case 'health':
      return healthQuestion(probe);
  }
}

/** Without a request the flow is one of bytes. */
function requestInside(application: ApplicationProtocol, path = '/'): Pick<Question, 'request'> {
  if (application === 'tcp') return {};
  return { request: application === 'grpc' ? HEALTH_CALL : { method: 'GET', path } };
}

/** The original check, sent straight to the application's port, is an ordinary call that happens to come from the node. */
function healthQuestion({ variant, container, check, action }: HealthProbe): Question {
  if (variant !== 'original') return { probe: 'health', health: `${container}/${check}` };
  switch (action.kind) {
    case 'httpGet':
      if (action.scheme === 'HTTPS') return { probe: 'tls', tls: { alpn: [], certificate: 'none' } };
      return { probe: 'http', request: { method: 'GET', path: action.path } };
    case 'tcpSocket':
      return { probe: 'tcp' };
    case 'grpc':
      return { probe: 'grpc', request: HEALTH_CALL };
  }
}
