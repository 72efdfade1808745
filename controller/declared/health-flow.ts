/**
 * Flows of health checks: what the kubelet sends, taken through the same stages as any other call.
 * istio: pilot/cmd/pilot-agent/status/server.go:handleAppProbe
 */
import { combine } from './combine.ts';
import type { EndpointVerdict } from './combine.ts';
import type { Expectation, Flow } from './expectation.ts';
import { rawHandshake } from './flow-facts.ts';
import { healthCheckOf, healthQuestion } from './health.ts';
import type { HealthQuestion } from './health.ts';
import type { HealthCheck, Pod } from './model.ts';
import { sourceStep, unknownFlow } from './question.ts';
import type { Question, Sending } from './question.ts';
import { reach } from './reach.ts';
import { step } from './trail.ts';

export function expectHealth(question: Question): Expectation {
  const { flow, callee, warnings } = question;
  if (callee.kind !== 'pods')
    return unknownFlow('a health check is asked of a pod: write the target as pod:namespace/name');
  const verdicts: EndpointVerdict[] = [];
  for (const pod of callee.pods) {
    const check = healthCheckOf(pod, flow.health);
    if (check === null) return unknownFlow(`${pod.key} has no ${flow.health ?? ''} health check`);
    const asked = healthQuestion(pod, check);
    if (asked.kind === 'answered') verdicts.push({ pod: pod.key, verdict: asked.verdict });
    else verdicts.push(unlessTcp(ask(question, pod, asked), check));
  }
  return combine(verdicts, [sourceStep(question)], warnings);
}

function ask(
  question: Question,
  pod: Pod,
  { port, request, step: said }: Extract<HealthQuestion, { kind: 'ask' }>,
): EndpointVerdict {
  const { mesh, facts } = question;
  const { bytes, path, isGrpc } = request;
  const probe = bytes === 'http' && isGrpc ? 'grpc' : bytes;
  const flow: Flow = {
    ...question.flow,
    target: `pod:${pod.key}`,
    port,
    probe,
    request: { ...question.flow.request, path },
  };
  const sending: Sending = {
    wire: null,
    isHttpClient: false,
    object: null,
    arrival: { bytes: bytes === 'tls' ? 'http' : bytes, handshake: rawHandshake(mesh, flow, facts) },
    steps: [said],
  };
  const asPod: Question = { ...question, flow, callee: { kind: 'pods', pods: [pod] } };
  return reach(asPod, { pod: pod.key, address: pod.addresses[0] ?? '', port }, sending);
}

/** A TCP check asks for nothing but an accepted connection, and a sidecar accepts every one. */
function unlessTcp({ pod, verdict }: EndpointVerdict, check: HealthCheck): EndpointVerdict {
  const isTcp = check.kind === 'network' && !check.isRewritten && check.kubelet.action.kind === 'tcpSocket';
  const isCaptured = verdict.steps.some(({ stage, result }) => stage === 'capture' && result === 'captured');
  if (!isTcp || !isCaptured) return { pod, verdict };
  const said = step('health', 'proves-nothing', { note: 'the sidecar accepts every connection' });
  const steps = [...verdict.steps, said];
  return {
    pod,
    verdict: {
      outcome: 'ALLOW_PLAINTEXT',
      transport: 'plaintext',
      identity: null,
      decidedBy: null,
      steps,
      warnings: [],
    },
  };
}
