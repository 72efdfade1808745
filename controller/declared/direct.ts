/**
 * Callers without a proxy of their own: their bytes go out as they are, to whatever endpoint kube-proxy takes.
 * kubernetes: pkg/proxy/iptables/proxier.go:syncProxyRules
 */
import { combine } from './combine.ts';
import type { Expectation, TrailStep } from './expectation.ts';
import { innerBytes, rawHandshake } from './flow-facts.ts';
import { endpointsOf, sourceStep } from './question.ts';
import type { Question, Sending } from './question.ts';
import { beyondTheMesh, reach, stopped } from './reach.ts';
import { step } from './trail.ts';

export function expectDirect(question: Question): Expectation {
  const { mesh, flow, callee, facts, warnings } = question;
  const handshake = rawHandshake(mesh, flow, facts);
  const said =
    handshake === null ? step('client', 'plaintext', { by: 'naked' }) : step('client', 'tls', { by: 'raw-tls' });
  const before = [sourceStep(question), said];
  const sending: Sending = {
    wire: null,
    isHttpClient: false,
    object: null,
    arrival: { bytes: innerBytes(flow), handshake },
    steps: [],
  };
  if (callee.kind === 'outside') {
    const warning = `${callee.host} is outside the mesh: nothing is declared about what answers there`;
    const verdict = { ...beyondTheMesh(sending), warnings: [warning] };
    return combine([{ pod: callee.host, verdict }], before, warnings);
  }
  const ends = endpointsOf(question);
  if (ends.length === 0) return noEndpoints(question, before, false);
  return combine(
    ends.map((endpoint) => reach(question, endpoint, sending)),
    before,
    warnings,
  );
}

export function noEndpoints({ warnings }: Question, before: readonly TrailStep[], isHttpClient: boolean): Expectation {
  const verdict = stopped('NO_ENDPOINTS', [step('visibility', 'no-endpoints')], null);
  const status = isHttpClient ? { httpStatus: 503 } : {};
  return combine([{ pod: '', verdict: { ...verdict, ...status } }], before, warnings);
}
