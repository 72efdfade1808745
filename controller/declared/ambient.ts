/** What ztunnel makes of a connection to an ambient pod: HBONE by its certificate, everything else as plaintext. */
import { tunnelVerdict } from './ambient-authorization.ts';
import { ambientMode } from './ambient-mode.ts';
import type { Decider, OutcomeCode, TrailStep } from './expectation.ts';
import { certificateRefusal } from './certificates.ts';
import type { Mesh } from './mesh.ts';
import type { Connection, ServerVerdict } from './connection.ts';
import { step } from './trail.ts';

/** ztunnel: src/proxy/inbound.rs:serve_connect, inbound_passthrough.rs */
export function serveAmbient(mesh: Mesh, connection: Connection): ServerVerdict {
  const { pod, port, arrival, isTunnel } = connection;
  if (connection.isSameNode) return fromNode();
  if (pod.annotations['ambient.istio.io/bypass-inbound-capture'] === 'true' && !isTunnel) {
    const steps = [step('capture', 'bypassed', { by: 'bypass-inbound-capture' })];
    return verdict('ALLOW_UNCAPTURED', steps, null, arrival.handshake === null ? 'plaintext' : 'tls');
  }
  const mode = ambientMode(mesh.peerAuthentications, pod, port);
  const shown: TrailStep[] = [
    step('capture', 'captured', { by: 'ztunnel' }),
    step('peer-authentication', mode.isStrict ? 'STRICT' : 'PERMISSIVE', {
      object: mode.object ?? undefined,
      ...(mode.object === null ? { by: 'default' } : {}),
    }),
  ];
  const byMode: Decider | null = mode.object === null ? null : { stage: 'peer-authentication', ...mode.object };
  const warned = (said: ServerVerdict): ServerVerdict => ({ ...said, warnings: [...said.warnings, ...mode.warnings] });
  const refusal =
    isTunnel && arrival.handshake !== null ? certificateRefusal(arrival.handshake, mesh, 'own-trust-domain') : null;
  if (refusal !== null)
    return warned(verdict(refusal, [...shown, step('identity', 'refused', { note: refusal })], null, 'none'));
  const identity = isTunnel ? (arrival.handshake?.identity ?? null) : null;
  if (identity === null && mode.isStrict) {
    const outcome = connection.wire === null ? 'DENY_STRICT' : 'CLIENT_TLS_MISMATCH';
    return warned(verdict(outcome, [...shown, step('filter-chain', 'none')], byMode, 'none'));
  }
  const policies = tunnelVerdict(mesh.authorizationPolicies, pod, mesh.rootNamespace, {
    identity,
    sourceAddress: connection.sourceAddress,
    destinationAddress: pod.addresses[0] ?? null,
    port,
  });
  const steps = [
    ...shown,
    step('filter-chain', isTunnel ? 'hbone' : 'tcp'),
    identity === null ? step('identity', 'none') : step('identity', 'proved', { note: identity }),
    ...policies.steps,
  ];
  const transport = isTunnel ? 'hbone' : arrival.handshake === null ? 'plaintext' : 'tls';
  if (!policies.isAllowed) {
    const outcome = isTunnel ? 'DENY_AUTHZ_HBONE' : 'DENY_AUTHZ_TCP';
    const status = isTunnel && connection.wire === null ? { httpStatus: 401 } : {};
    return warned({ ...verdict(outcome, steps, policies.decidedBy, transport), identity, ...status });
  }
  const answered = [...steps, step('application', 'answers')];
  const decidedBy = policies.decidedBy ?? byMode;
  if (isTunnel) return warned({ ...verdict('ALLOW_HBONE', answered, decidedBy, 'hbone'), identity });
  if (arrival.handshake === null) return warned(verdict('ALLOW_PLAINTEXT', answered, decidedBy, 'plaintext'));
  // To ztunnel, TLS outside of a tunnel is plaintext like any other.
  const isUnanswered =
    connection.wire !== null && !connection.isTlsApplication ? ({ isUnanswered: true } as const) : {};
  return warned({ ...verdict('ALLOW_OPAQUE_TLS', steps, decidedBy, 'tls'), ...isUnanswered });
}

/** Whatever runs in the network of the pod's own node is waved through: istio: cni/pkg/iptables/iptables.go:AppendInpodRules */
function fromNode(): ServerVerdict {
  const note = 'arrives from 169.254.7.127, which ztunnel is told to let pass';
  return verdict('ALLOW_UNCAPTURED', [step('capture', 'bypassed', { by: 'same-node', note })], null, 'plaintext');
}

function verdict(
  outcome: OutcomeCode,
  steps: readonly TrailStep[],
  decidedBy: Decider | null,
  transport: ServerVerdict['transport'],
): ServerVerdict {
  return { outcome, transport, identity: null, decidedBy, steps, warnings: [] };
}
