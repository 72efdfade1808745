/** Callers with a sidecar: which service it takes the call for, and what it sends to each endpoint. */
import { dispatch } from './client-route.ts';
import type { Dialled, Dispatch } from './client-route.ts';
import { serviceTransport } from './client-transport.ts';
import type { Transport } from './client-transport.ts';
import { combine } from './combine.ts';
import type { EndpointVerdict } from './combine.ts';
import { noEndpoints } from './direct.ts';
import type { Callee } from './ends.ts';
import type { Decider, Expectation, Flow, OutcomeCode, TrailStep } from './expectation.ts';
import { bytesOf, innerBytes, rawHandshake } from './flow-facts.ts';
import type { Pod, ServiceEndpoint } from './model.ts';
import { meshRoute } from './mesh-route.ts';
import type { Upstream } from './mesh-route.ts';
import { endpointsOf, headlessEndpoints, hostHeader, sourceStep } from './question.ts';
import type { Question, Sending } from './question.ts';
import { beyondTheMesh, reach, stopped } from './reach.ts';
import { isSubset } from './selector.ts';
import { step } from './trail.ts';

type ServiceDispatch = Extract<Dispatch, { kind: 'service' }>;

export function expectProxied(question: Question, pod: Pod): Expectation {
  const { mesh, flow, callee, warnings } = question;
  const before = [sourceStep(question)];
  // The name of a headless Service without pods has no address to dial.
  if (callee.kind === 'service' && callee.service.isHeadless && callee.port.endpoints.length === 0) {
    return noEndpoints(question, before, false);
  }
  const common = {
    mesh,
    scope: mesh.scopeOf(pod),
    namespace: pod.namespace,
    bytes: bytesOf(flow),
    host: hostHeader(question),
  };
  const answers = dialledOf(callee, flow.port).map((dialled) => dispatch({ ...common, dialled }));
  const verdicts = answers.flatMap((answer, index) => dispatched(question, pod, answer, index));
  if (verdicts.length > 0) return combine(verdicts, before, warnings);
  const isHttp = answers.some((answer) => 'isHttp' in answer && answer.isHttp);
  return noEndpoints(question, before, isHttp);
}

function dialledOf(callee: Callee, port: number): readonly Dialled[] {
  switch (callee.kind) {
    case 'service':
      return [callee];
    case 'pods':
      return callee.pods.map((pod) => ({ kind: 'pod', pod, port }));
    case 'outside':
      return [{ kind: 'outside', host: callee.host, port }];
  }
}

function dispatched(question: Question, pod: Pod, answer: Dispatch, index: number): readonly EndpointVerdict[] {
  switch (answer.kind) {
    case 'waiting':
      return halt('HANG', answer.step, undefined);
    case 'blackhole':
      return halt('CLIENT_BLACKHOLE', answer.step, answer.isHttp ? 502 : undefined);
    case 'passthrough':
      return passThrough(question, answer, index);
    case 'service':
      return toService(question, pod, answer, index);
  }
}

function halt(outcome: OutcomeCode, said: TrailStep, httpStatus: number | undefined): readonly EndpointVerdict[] {
  const decidedBy: Decider | null = said.object === undefined ? null : { stage: said.stage, ...said.object };
  const verdict = stopped(outcome, [said], decidedBy);
  return [{ pod: '', verdict: { ...verdict, ...(httpStatus === undefined ? {} : { httpStatus }) } }];
}

/** PassthroughCluster: to the address that was dialled, without TLS of the proxy's. */
function passThrough(
  question: Question,
  answer: Extract<Dispatch, { kind: 'passthrough' }>,
  index: number,
): readonly EndpointVerdict[] {
  const { mesh, flow, facts, callee } = question;
  const sending: Sending = {
    wire: 'plaintext',
    isHttpClient: answer.isHttp,
    object: answer.step.object ?? null,
    arrival: { bytes: innerBytes(flow), handshake: rawHandshake(mesh, flow, facts) },
    steps: [answer.step, step('client', 'plaintext', { by: 'passthrough-cluster', object: answer.step.object })],
  };
  if (callee.kind === 'outside') {
    const warning = `${callee.host} is outside the mesh: nothing is declared about what answers there`;
    return [{ pod: callee.host, verdict: { ...beyondTheMesh(sending), warnings: [warning] } }];
  }
  const ends = endpointsOf(question);
  const dialled = callee.kind === 'pods' ? ends.slice(index, index + 1) : ends;
  return dialled.map((endpoint) => reach(question, endpoint, sending));
}

function toService(question: Question, pod: Pod, answer: ServiceDispatch, index: number): readonly EndpointVerdict[] {
  const routed = meshRoute(question, pod, answer);
  switch (routed.kind) {
    case 'stopped':
      return [{ pod: '', verdict: routed.verdict }];
    case 'default': {
      const { service, port } = answer;
      const transport = serviceTransport({ mesh: question.mesh, client: pod, service, port, subset: '' });
      return upstreamEndpoints(question.callee, answer, index).map((endpoint) =>
        reach(question, endpoint, sendingOf(question, answer, transport.to(endpoint))),
      );
    }
    case 'routed':
      return routed.upstreams.flatMap((upstream) => toUpstream(routed.question, pod, answer.isHttp, upstream));
  }
}

function toUpstream(
  question: Question,
  pod: Pod,
  isHttp: boolean,
  { service, port, subset, step: routed, object }: Upstream,
): readonly EndpointVerdict[] {
  const { mesh } = question;
  const transport = serviceTransport({ mesh, client: pod, service, port, subset });
  const status = isHttp ? { httpStatus: 503 } : {};
  const halted = (said: TrailStep): readonly EndpointVerdict[] => [
    {
      pod: service.key,
      verdict: { ...stopped('NO_ENDPOINTS', [routed, said], { stage: 'visibility', ...object }), ...status },
    },
  ];
  if (transport.isSubsetMissing)
    return halted(step('visibility', 'no-subset', { object, note: `${service.key} has no subset ${subset}` }));
  const labels = transport.subsetLabels;
  const ends = port.endpoints.filter(
    (end) => labels === null || isSubset(labels, mesh.podsByKey.get(end.pod ?? '')?.labels ?? {}),
  );
  if (ends.length === 0) return halted(step('visibility', 'no-endpoints', { note: `${service.key} ${subset}` }));
  return ends.map((endpoint) =>
    reach(question, endpoint, sendingOf(question, { isHttp, step: routed }, transport.to(endpoint))),
  );
}

/** A listener of a headless service is for one pod; other clusters take any endpoint. */
function upstreamEndpoints(
  callee: Callee,
  { service, port }: ServiceDispatch,
  index: number,
): readonly ServiceEndpoint[] {
  if (!service.isHeadless) return port.endpoints;
  const ends = headlessEndpoints(port);
  if (callee.kind !== 'pods') return ends;
  const dialled = callee.pods[index];
  return ends.filter((endpoint) => endpoint.pod === dialled?.key);
}

/** ALPN as Istio's clients offer it: istio: pilot/pkg/xds/filters/filters.go:Alpn, networking/util/util.go:ALPNInMesh */
export function sendingOf(
  { mesh, flow, facts }: Pick<Question, 'mesh' | 'flow' | 'facts'>,
  { isHttp, step: routed }: Pick<ServiceDispatch, 'isHttp' | 'step'>,
  chosen: Transport,
): Sending {
  const raw = rawHandshake(mesh, flow, facts);
  const names = chosen.tls?.subjectAltNames ?? [];
  const acceptedServers = names.length === 0 ? null : names;
  const common = { isHttpClient: isHttp, acceptedServers, object: chosen.object, steps: [routed, chosen.step] };
  // A handshake of the caller's own is, inside the proxy's TLS, bytes like any other.
  const bytes = raw === null ? innerBytes(flow) : 'tcp';
  switch (chosen.wire) {
    case 'plaintext':
      return { ...common, wire: 'plaintext', arrival: { bytes: innerBytes(flow), handshake: raw } };
    case 'hbone': {
      const handshake = { alpn: ['h2'], certificate: 'valid', identity: facts.identity, maxVersion: '1.3' } as const;
      return { ...common, wire: chosen.wire, arrival: { bytes, handshake } };
    }
    case 'istio-mtls': {
      const alpn = isHttp ? httpAlpn(flow) : ['istio-peer-exchange', 'istio'];
      const handshake = { alpn, certificate: 'valid', identity: facts.identity, maxVersion: '1.3' } as const;
      return { ...common, wire: chosen.wire, arrival: { bytes, handshake } };
    }
    case 'simple':
    case 'mutual': {
      const isMutual = chosen.wire === 'mutual';
      const handshake = {
        alpn: isHttp ? ['http/1.1'] : [],
        certificate: isMutual ? 'valid' : 'none',
        identity: isMutual ? facts.identity : null,
        maxVersion: '1.3',
      } as const;
      return { ...common, wire: chosen.wire, arrival: { bytes, handshake } };
    }
  }
}

function httpAlpn({ probe }: Flow): readonly string[] {
  return probe === 'grpc' ? ['istio-h2', 'istio', 'h2'] : ['istio-http/1.1', 'istio', 'http/1.1'];
}
