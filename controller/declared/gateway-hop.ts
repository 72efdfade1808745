/**
 * At a gateway's own listener: what the caller sends, the server's TLS, and the policies that reach the gateway.
 * istio: pilot/pkg/networking/core/gateway.go:buildGatewayListeners
 */
import { httpAttributes } from './admission.ts';
import { customVerdict, policyVerdict } from './authorize.ts';
import { serviceTransport } from './client-transport.ts';
import type { Wire } from './client-transport.ts';
import type { ServerVerdict } from './connection.ts';
import type { TrailStep } from './expectation.ts';
import { rawHandshake, requestOf } from './flow-facts.ts';
import type { GatewayServer } from './gateway.ts';
import type { Pod, Service, ServicePort } from './model.ts';
import { hostHeader } from './question.ts';
import type { Question } from './question.ts';
import { stopped } from './reach.ts';
import { isPreflight, judgeToken } from './request-authentication.ts';
import { step } from './trail.ts';

export function callerWire(
  question: Question,
  gateway: Service,
  port: ServicePort,
): { readonly wire: Wire | null; readonly step: TrailStep } {
  const { mesh, flow, facts } = question;
  if (!facts.isProxied || facts.pod === null) {
    const isTls = rawHandshake(mesh, flow, facts) !== null;
    return {
      wire: null,
      step: isTls ? step('client', 'tls', { by: 'raw-tls' }) : step('client', 'plaintext', { by: 'naked' }),
    };
  }
  const [endpoint] = port.endpoints;
  const transport = serviceTransport({ mesh, client: facts.pod, service: gateway, port, subset: '' });
  return endpoint === undefined
    ? { wire: 'plaintext', step: step('client', 'plaintext', { by: 'auto-mtls' }) }
    : transport.to(endpoint);
}

/** The server's TLS against what the caller sends. */
export function tlsRefusal(
  question: Question,
  server: GatewayServer,
  wire: Wire | null,
  steps: readonly TrailStep[],
): ServerVerdict | null {
  const { mesh, flow, facts } = question;
  const raw = rawHandshake(mesh, flow, facts);
  const isTls = raw !== null || (wire !== null && wire !== 'plaintext');
  const isMeshTls = wire === 'istio-mtls' || raw?.certificate === 'valid';
  const isFitting =
    server.tls === 'none'
      ? !isTls
      : server.tls === 'ISTIO_MUTUAL'
        ? isMeshTls
        : server.tls === 'MUTUAL'
          ? isTls && raw?.certificate === 'valid'
          : isTls;
  if (isFitting) return null;
  const said = step('gateway', 'tls-required', {
    object: server.gateway,
    note: `the server's TLS mode is ${server.tls}`,
  });
  const outcome = isTls ? (server.tls === 'none' ? 'PROTO_MISMATCH' : 'DENY_TLS_NO_CERT') : 'NO_ROUTE';
  return stopped(outcome, [...steps, said], { stage: 'gateway', ...server.gateway });
}

/** PeerAuthentication has no part in a gateway's servers, authorization has. */
export function gatewayDenial(
  question: Question,
  pod: Pod,
  port: number,
  server: GatewayServer,
  wire: Wire | null,
  steps: readonly TrailStep[],
): ServerVerdict | null {
  const { mesh, flow, facts } = question;
  const asked = requestOf(flow, hostHeader(question));
  const token = isPreflight(asked.method, asked.headers)
    ? ({ kind: 'none', isAsked: false } as const)
    : judgeToken(mesh.requestAuthenticationsOf(pod), asked.token, mesh.takenAtMs);
  const isMeshTls = server.tls === 'ISTIO_MUTUAL' || wire === 'istio-mtls';
  const http = httpAttributes(asked, token);
  const request = {
    identity: isMeshTls ? facts.identity : null,
    sourceAddress: facts.address,
    remoteAddress: facts.address,
    destinationAddress: pod.addresses[0] ?? null,
    port,
    serverName: '',
    ...(server.isHttp ? { http } : {}),
  };
  if (server.isHttp && token.kind === 'refused') {
    const said = step('request-authentication', 'refused', { object: token.object, note: token.why });
    const refused = stopped('DENY_JWT', [...steps, said], { stage: 'request-authentication', ...token.object });
    return { ...refused, transport: isMeshTls ? 'mtls' : 'plaintext', httpStatus: token.httpStatus };
  }
  const set = mesh.authorizationOf(pod);
  const custom = customVerdict(set, request, mesh.config);
  const verdict = custom.kind === 'deny' ? custom : policyVerdict(set, request, facts.identity);
  if (verdict.kind !== 'deny') return null;
  const denied = stopped(
    server.isHttp ? 'DENY_AUTHZ_HTTP' : 'DENY_AUTHZ_TCP',
    [...steps, ...verdict.steps],
    verdict.decidedBy,
  );
  return {
    ...denied,
    transport: isMeshTls ? 'mtls' : 'plaintext',
    ...(server.isHttp && flow.probe !== 'grpc' ? { httpStatus: 403 } : {}),
  };
}
