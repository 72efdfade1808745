/**
 * Ports that lead past the proxy, or pods that have none: what arrives is for the application.
 * istio: tools/istio-iptables/pkg/capture/run.go:handleInboundPortsInclude
 */
import type { PortCapture } from './capture.ts';
import { podRef, unavailable } from './connection.ts';
import type { Connection, ServerVerdict } from './connection.ts';
import type { Decider, ObjectRef, TrailStep } from './expectation.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { modeAt } from './peer-authentication.ts';
import { step } from './trail.ts';

/** No proxy on the server's side: what arrives is for the application. */
export function pastProxy(mesh: Mesh, connection: Connection, capture: PortCapture): ServerVerdict {
  const { pod, port, arrival, wire, clientObject } = connection;
  const object = captureObject(pod, capture);
  const steps: TrailStep[] = [
    step('capture', capture.result, {
      ...(capture.by === undefined ? {} : { by: capture.by }),
      object,
      ...(capture.by === 'reserved-port' ? { note: 'reserved for the proxy' } : {}),
    }),
    ...shadows(mesh, connection),
  ];
  const byCapture: Decider | null = object === undefined ? null : { stage: 'capture', ...object };
  const common = { identity: null, steps, warnings: [] };
  if (arrival.handshake === null) {
    const outcome = wire === null || capture.result === 'bypassed' ? 'ALLOW_UNCAPTURED' : 'ALLOW_PLAINTEXT';
    return { ...common, outcome, transport: 'plaintext', decidedBy: byCapture };
  }
  // The caller's own TLS reaches the application as it is; so does a proxy's, where the application speaks TLS.
  if (wire === null) return { ...common, outcome: 'ALLOW_UNCAPTURED', transport: 'tls', decidedBy: byCapture };
  if (wire !== 'istio-mtls' && connection.isTlsApplication) {
    return { ...common, outcome: 'ALLOW_OPAQUE_TLS', transport: 'tls', decidedBy: byCapture };
  }
  const byClient: Decider | null = clientObject === null ? byCapture : { stage: 'client', ...clientObject };
  const note = `port ${String(port)} of ${pod.key} does not speak Istio's TLS`;
  return {
    ...common,
    steps: [...steps, step('application', 'other-protocol', { note })],
    outcome: 'CLIENT_TLS_MISMATCH',
    transport: 'none',
    decidedBy: byClient,
    ...unavailable(connection),
  };
}

/** What would hold if the port led through the proxy: STRICT and authorization that protect nothing. */
function shadows(mesh: Mesh, { pod, port }: Connection): readonly TrailStep[] {
  const effective = mesh.peerAuthenticationOf(pod);
  const mode = modeAt(effective, port);
  const steps: TrailStep[] = [];
  if (mode.object !== null) {
    steps.push(step('peer-authentication', mode.mode, { by: mode.scope, object: mode.object, isInEffect: false }));
  }
  const { deny, allow } = mesh.authorizationOf(pod);
  for (const { ref } of [...deny, ...allow]) {
    steps.push(step('authorization', 'shadowed', { object: ref, isInEffect: false }));
  }
  return steps;
}

function captureObject(pod: Pod, { by }: PortCapture): ObjectRef | undefined {
  switch (by) {
    case 'excludeInboundPorts':
    case 'includeInboundPorts':
      return podRef(pod, `metadata.annotations[traffic.sidecar.istio.io/${by}]`);
    case 'interceptionMode':
      return podRef(pod, 'metadata.annotations[sidecar.istio.io/interceptionMode]');
    default:
      return undefined;
  }
}
