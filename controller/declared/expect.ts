/** The expectation engine: what the declared objects, all together, make of a flow. */
import { expectAmbient } from './ambient-flow.ts';
import { capturesAddress } from './capture.ts';
import { expectDirect } from './direct.ts';
import { findCallee, findCaller } from './ends.ts';
import type { Callee, Caller } from './ends.ts';
import type { Expectation, Flow } from './expectation.ts';
import { callerFacts } from './flow-facts.ts';
import { expectGatewayListener, expectVia } from './gateway-flow.ts';
import { expectHealth } from './health-flow.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { expectProxied } from './proxied.ts';
import { unknownFlow } from './question.ts';
import type { Question } from './question.ts';
import { unmodelledWarnings } from './unmodelled.ts';

/** Pure and total: never throws; a flow that cannot be evaluated is `unknown`, with a warning that says why. */
export function expectFlow(mesh: Mesh, flow: Flow): Expectation {
  const caller = findCaller(mesh, flow.source);
  if (caller === null) return unknownFlow(`there is no workload or pod ${flow.source}`);
  const callee = findCallee(mesh, flow);
  if (typeof callee === 'string') return unknownFlow(callee);
  const facts = callerFacts(mesh, caller);
  const warnings = [...mixedCaller(flow, caller), ...unmodelledWarnings(mesh.unmodelled, podsOf(mesh, caller, callee))];
  return evaluate({ mesh, flow, caller, callee, facts, warnings });
}

function evaluate(question: Question): Expectation {
  const { mesh, flow, callee, facts } = question;
  if (flow.probe === 'health') return expectHealth(question);
  if (flow.via !== undefined) return expectVia(question, flow.via);
  const [first] = callee.kind === 'service' ? callee.port.endpoints : [];
  if (callee.kind === 'service' && mesh.podsByKey.get(first?.pod ?? '')?.dataPlane === 'gateway') {
    return expectGatewayListener(question, callee.service, callee.port);
  }
  if (facts.pod?.dataPlane === 'ambient' && flow.probe !== 'hbone') return expectAmbient(question);
  const { pod } = facts;
  if (pod === null || !facts.isProxied || isPastProxy(pod, flow, callee)) return expectDirect(question);
  const isCaptured = capturesAddress(pod.outbound, dialledAddress(callee));
  if (isCaptured === false) return expectDirect(question);
  if (isCaptured) return expectProxied(question, pod);
  return expectProxied({ ...question, warnings: [...question.warnings, UNKNOWN_ADDRESS] }, pod);
}

const UNKNOWN_ADDRESS =
  'address ranges decide what the proxy of the caller captures, and no object gives the address that is called';

/** istio: tools/istio-iptables/pkg/capture/run.go:Run; a pod that calls its own address is not captured either. */
function isPastProxy(pod: Pod, flow: Flow, callee: Callee): boolean {
  return pod.outbound.excludedPorts.has(flow.port) || (callee.kind === 'pods' && callee.pods.includes(pod));
}

/** Undefined: it is given by none of the objects. */
function dialledAddress(callee: Callee): string | undefined {
  switch (callee.kind) {
    case 'service':
      return callee.service.isHeadless ? callee.port.endpoints[0]?.address : callee.service.clusterIps[0];
    case 'pods':
      return callee.pods[0]?.addresses[0];
    case 'outside':
      return callee.host;
  }
}

function mixedCaller({ source }: Flow, caller: Caller): readonly string[] {
  if (caller.kind !== 'pod' || !caller.isMixed) return [];
  return [`${source} has pods of several data planes; this is the answer for ${caller.pod.key}`];
}

function podsOf(mesh: Mesh, caller: Caller, callee: Callee): readonly Pod[] {
  if (mesh.unmodelled.length === 0) return [];
  const own = caller.kind === 'pod' ? [caller.pod] : [];
  if (callee.kind === 'pods') return [...own, ...callee.pods];
  if (callee.kind === 'outside') return own;
  return [...own, ...callee.port.endpoints.flatMap(({ pod }) => mesh.podsByKey.get(pod ?? '') ?? [])];
}
