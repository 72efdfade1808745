/** Does a container's health check get its answer, as the kubelet sends it? */
import type { Flow, TrailStep } from './expectation.ts';
import type { HealthCheck, NetworkHealthCheck, Pod } from './model.ts';
import { podRef } from './connection.ts';
import type { ServerVerdict } from './connection.ts';
import { step } from './trail.ts';

/** `liveness`, or `container/liveness`; without a name, the first one of the pod. */
export function healthCheckOf(pod: Pod, wanted: Flow['health']): HealthCheck | null {
  const [first = '', second] = (wanted ?? '').split('/', 2);
  const kind = second ?? first;
  const container = second === undefined ? null : first;
  return (
    pod.healthChecks.find(
      (check) => (kind === '' || check.check === kind) && (container === null || check.container === container),
    ) ?? null
  );
}

/** How the kubelet's request for the check meets the pod: sent on to the port, or answered already. */
export type HealthQuestion =
  | { readonly kind: 'ask'; readonly port: number; readonly step: TrailStep; readonly request: HealthRequest }
  | { readonly kind: 'answered'; readonly verdict: ServerVerdict };

export interface HealthRequest {
  readonly bytes: 'http' | 'tcp' | 'tls';
  readonly path: string;
  readonly isGrpc: boolean;
}

/**
 * istio: pkg/kube/inject/app_probe.go, pilot/cmd/pilot-agent/status/server.go. A rewritten check goes to the agent, which
 * asks the application past the proxy: no policy of the mesh has a part in it.
 */
export function healthQuestion(pod: Pod, check: HealthCheck): HealthQuestion {
  if (check.kind === 'exec') {
    return answered(
      'ALLOW_UNCAPTURED',
      step('health', 'exec', { note: `${check.container} runs it inside the container` }),
    );
  }
  if (check.isRewritten) return rewritten(pod, check);
  const { port, action } = check.kubelet;
  if (port === 0)
    return answered('HEALTH_FAILED', step('health', 'not-rewritten', { note: 'the port name resolves to nothing' }));
  const said = pod.dataPlane === 'sidecar' ? step('health', 'not-rewritten', { object: podRef(pod) }) : null;
  switch (action.kind) {
    case 'tcpSocket':
      return ask(port, said ?? step('health', 'not-rewritten'), { bytes: 'tcp', path: '/', isGrpc: false });
    case 'grpc':
      return ask(port, said ?? step('health', 'not-rewritten'), {
        bytes: 'http',
        path: '/grpc.health.v1.Health/Check',
        isGrpc: true,
      });
    case 'httpGet':
      return ask(port, said ?? step('health', 'not-rewritten'), {
        bytes: action.scheme === 'HTTPS' ? 'tls' : 'http',
        path: action.path,
        isGrpc: false,
      });
  }
}

function rewritten(pod: Pod, check: NetworkHealthCheck): HealthQuestion {
  const { port, action } = check.kubelet;
  const path = action.kind === 'httpGet' ? action.path : '/';
  if (check.isRegistered)
    return ask(port, step('health', 'rewritten', { note: path }), { bytes: 'http', path, isGrpc: false });
  const note = `the sidecar's agent knows no ${path}: the port name resolves to nothing`;
  return answered('HEALTH_FAILED', step('health', 'not-registered', { object: podRef(pod), note }), 400);
}

function ask(port: number, said: TrailStep, request: HealthRequest): HealthQuestion {
  return { kind: 'ask', port, step: said, request };
}

function answered(outcome: 'ALLOW_UNCAPTURED' | 'HEALTH_FAILED', said: TrailStep, httpStatus?: number): HealthQuestion {
  const transport = outcome === 'HEALTH_FAILED' ? 'plaintext' : 'none';
  return {
    kind: 'answered',
    verdict: {
      outcome,
      transport,
      identity: null,
      decidedBy: said.object === undefined ? null : { stage: 'health', ...said.object },
      steps: [said],
      warnings: [],
      ...(httpStatus === undefined ? {} : { httpStatus }),
    },
  };
}
