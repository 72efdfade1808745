/** Callers in ambient mode: through a waypoint where the service has one, by HBONE where the target takes it. */
import { authorizationSet } from './authorization.ts';
import { customVerdict, policyVerdict } from './authorize.ts';
import { serviceTransport } from './client-transport.ts';
import { combine } from './combine.ts';
import type { EndpointVerdict } from './combine.ts';
import { noEndpoints } from './direct.ts';
import type { Expectation, TrailStep } from './expectation.ts';
import { innerBytes, rawHandshake, requestOf } from './flow-facts.ts';
import type { CallerFacts } from './flow-facts.ts';
import { spiffeId } from '../../proto/vocabulary.ts';
import type { Pod, Service, ServiceEndpoint, ServicePort } from './model.ts';
import { sendingOf } from './proxied.ts';
import { endpointsOf, hostHeader, sourceStep } from './question.ts';
import type { Question, Sending } from './question.ts';
import { beyondTheMesh, networkStep, reach, refusedByNetwork, stopped } from './reach.ts';
import { isPreflight, judgeToken } from './request-authentication.ts';
import { forwardedAddress, httpAttributes } from './admission.ts';
import type { ServerVerdict } from './connection.ts';
import { HBONE_PORT } from './capture.ts';
import { step } from './trail.ts';
import { attachedTo, podWaypoint, serviceWaypoint } from './waypoint.ts';
import type { Waypoint } from './waypoint.ts';

/** ztunnel: src/proxy/outbound.rs:build_request */
export function expectAmbient(question: Question): Expectation {
  const { mesh, callee, warnings, facts } = question;
  const before = [sourceStep(question)];
  if (callee.kind === 'outside') {
    const sending = plain(question, [step('client', 'plaintext', { by: 'ztunnel' })]);
    const warning = `${callee.host} is outside the mesh: nothing is declared about what answers there`;
    const verdict = { ...beyondTheMesh(sending), warnings: [warning] };
    return combine([{ pod: callee.host, verdict }], before, warnings);
  }
  const ends = endpointsOf(question);
  if (ends.length === 0) return noEndpoints(question, before, false);
  const service = callee.kind === 'service' ? callee : null;
  const waypoint = service === null ? null : serviceWaypoint(mesh, service.service);
  return combine(
    ends.map((endpoint): EndpointVerdict => {
      const target = mesh.podsByKey.get(endpoint.pod ?? '');
      const own = waypoint ?? (service === null && target !== undefined ? podWaypoint(mesh, target) : null);
      return own === null
        ? reach(question, endpoint, tunnelled(question, facts, target, []))
        : throughWaypoint(question, own, service, endpoint);
    }),
    before,
    warnings,
  );
}

/** Who calls through ztunnel, and what it sends to a pod. */
function tunnelled(
  question: Question,
  facts: CallerFacts,
  target: Pod | undefined,
  steps: readonly TrailStep[],
): Sending {
  if (target?.isTunnelCapable !== true) {
    return plain(question, [
      ...steps,
      step('client', 'plaintext', { by: 'ztunnel', note: 'the target takes no HBONE' }),
    ]);
  }
  const handshake = { alpn: ['h2'], certificate: 'valid', identity: facts.identity, maxVersion: '1.3' } as const;
  const bytes = rawHandshake(question.mesh, question.flow, question.facts) === null ? innerBytes(question.flow) : 'tcp';
  return {
    wire: 'hbone',
    isHttpClient: false,
    object: null,
    arrival: { bytes, handshake },
    steps: [...steps, step('client', 'hbone', { by: 'ztunnel' })],
  };
}

function plain({ mesh, flow, facts }: Question, steps: readonly TrailStep[]): Sending {
  const arrival = { bytes: innerBytes(flow), handshake: rawHandshake(mesh, flow, facts) };
  return { wire: null, isHttpClient: false, object: null, arrival, steps };
}

interface CalledService {
  readonly service: Service;
  readonly port: ServicePort;
}

/** Two hops: the waypoint sees the caller's identity, the target sees the waypoint's. */
function throughWaypoint(
  question: Question,
  waypoint: Waypoint,
  called: CalledService | null,
  endpoint: ServiceEndpoint,
): EndpointVerdict {
  const { mesh, facts } = question;
  const name = endpoint.pod ?? endpoint.address;
  const [own] = waypoint.pods;
  const network = own === undefined ? null : networkStep(question, own, HBONE_PORT);
  if (network !== null && network.refusal !== null)
    return { pod: name, verdict: refusedByNetwork(network.refusal, []) };
  const hop = [
    step('client', 'hbone', { by: 'waypoint', object: waypoint.ref }),
    ...(network === null ? [] : [network.step]),
    step('gateway', 'traversed', { by: 'waypoint', object: waypoint.ref }),
  ];
  const at = atWaypoint(question, waypoint, called, endpoint.port, hop);
  if (at.denial !== null) return { pod: name, verdict: at.denial };
  const identity = spiffeId(mesh.trustDomain, waypoint.ref.namespace, waypoint.serviceAccount);
  const target = mesh.podsByKey.get(endpoint.pod ?? '');
  const asWaypoint: CallerFacts = { ...facts, pod: own ?? null, address: own?.addresses[0] ?? null, identity };
  const next: Question = {
    ...question,
    facts: asWaypoint,
    caller: own === undefined ? { kind: 'outside', address: '' } : { kind: 'pod', pod: own, isMixed: false },
  };
  if (target?.isTunnelCapable === true || called === null) {
    return reach(next, endpoint, tunnelled(next, asWaypoint, target, at.steps));
  }
  const client = { namespace: waypoint.ref.namespace, labels: own?.labels ?? {} };
  const transport = serviceTransport({ mesh, client, ...called, subset: '', isGateway: true }).to(endpoint);
  const seen = step('visibility', 'visible', { note: called.service.key });
  const sending = sendingOf(next, { isHttp: at.isHttp, step: seen }, transport);
  return reach(next, endpoint, { ...sending, steps: [...at.steps, ...sending.steps] });
}

interface AtWaypoint {
  readonly denial: ServerVerdict | null;
  readonly steps: readonly TrailStep[];
  readonly isHttp: boolean;
}

/** The waypoint's own policies: those with targetRefs, HTTP where the port is. */
function atWaypoint(
  question: Question,
  waypoint: Waypoint,
  called: CalledService | null,
  port: number,
  hop: readonly TrailStep[],
): AtWaypoint {
  const { mesh, flow, facts } = question;
  const bytes = innerBytes(flow);
  const protocol = called?.port.protocol ?? 'auto';
  const isHttp = protocol !== 'tcp' && bytes === 'http' && rawHandshake(mesh, flow, facts) === null;
  const asked = requestOf(flow, hostHeader(question));
  const service = called?.service ?? null;
  const policies = attachedTo(mesh.authorizationPolicies, waypoint, service, mesh.rootNamespace);
  const authentications = attachedTo(mesh.requestAuthentications, waypoint, service, mesh.rootNamespace);
  const token =
    isHttp && !isPreflight(asked.method, asked.headers)
      ? judgeToken(authentications, asked.token, mesh.takenAtMs)
      : ({ kind: 'none', isAsked: false } as const);
  const common = { transport: 'hbone', identity: facts.identity } as const;
  if (token.kind === 'refused') {
    const said = step('request-authentication', 'refused', { object: token.object, note: token.why });
    const refused = stopped('DENY_JWT', [...hop, said], { stage: 'request-authentication', ...token.object });
    return { denial: { ...refused, ...common, httpStatus: token.httpStatus }, steps: hop, isHttp };
  }
  const set = authorizationSet(policies);
  const request = {
    identity: facts.identity,
    sourceAddress: facts.address,
    remoteAddress: isHttp ? forwardedAddress(asked.headers, facts.address) : facts.address,
    destinationAddress: null,
    port,
    serverName: '',
    ...(isHttp ? { http: httpAttributes(asked, token) } : {}),
  };
  const custom = customVerdict(set, request, mesh.config);
  const verdict = custom.kind === 'deny' ? custom : policyVerdict(set, request, null);
  const steps = [...hop, ...verdict.steps];
  if (verdict.kind !== 'deny') return { denial: null, steps, isHttp };
  const denied = stopped(isHttp ? 'DENY_AUTHZ_HTTP' : 'DENY_AUTHZ_TCP', steps, verdict.decidedBy);
  const status = isHttp && flow.probe !== 'grpc' ? { httpStatus: 403 } : {};
  return { denial: { ...denied, ...common, ...status }, steps, isHttp };
}
