/**
 * What a pod's port makes of a connection: capture, PeerAuthentication, filter chain, certificate.
 * istio: pilot/pkg/networking/core/listener_inbound.go:buildInboundChainConfigs, buildInboundPassthroughChains
 */
import { spiffeId } from '../../proto/vocabulary.ts';
import { admitted } from './admission.ts';
import { serveAmbient } from './ambient.ts';
import { isProxyListener, portCapture } from './capture.ts';
import { certificateRefusal } from './certificates.ts';
import { closed, modeDecider, podRef, unavailable } from './connection.ts';
import type { Connection, ServerVerdict } from './connection.ts';
import type { Decider, TrailStep } from './expectation.ts';
import { chooseChain } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { outranked } from './outranked.ts';
import { pastProxy } from './past-proxy.ts';
import { modeAt } from './peer-authentication.ts';
import type { PortMode } from './peer-authentication.ts';
import { chainClass, portProtocol, protocolClass } from './protocol.ts';
import type { ChainClass } from './protocol.ts';
import { step } from './trail.ts';

/** For pods without proxy, and with a sidecar. Ambient pods and gateways have rules of their own. */
export function serve(mesh: Mesh, connection: Connection): ServerVerdict {
  const { pod, port } = connection;
  if (pod.dataPlane === 'ambient') return serveAmbient(mesh, connection);
  if (connection.isTunnel) return throughTunnel(mesh, connection);
  if (isProxyListener(pod, port)) return refusedByProxy(connection);
  const capture = portCapture(pod, port);
  return capture.result === 'captured' ? throughSidecar(mesh, connection) : pastProxy(mesh, connection, capture);
}

/** HBONE to a sidecar: always mTLS, whatever PeerAuthentication says; nobody listens where it is not enabled. */
function throughTunnel(mesh: Mesh, connection: Connection): ServerVerdict {
  const { pod, port, arrival } = connection;
  const { handshake } = arrival;
  if (!pod.isTunnelCapable || handshake === null) {
    const said = step('application', 'not-listening', { note: `${pod.key} takes no HBONE` });
    return closed('APP_DOWN', null, [said]);
  }
  const refusal = certificateRefusal(handshake, mesh);
  if (refusal !== null) return closed(refusal, null, [step('identity', 'refused', { note: refusal })]);
  const layer = chooseChain('DISABLE', chainAt(mesh, pod, port), { ...arrival, handshake: null });
  const mode: PortMode = { mode: 'DISABLE', object: null, scope: 'default' };
  const steps = [
    step('capture', 'captured'),
    step('filter-chain', 'hbone'),
    step('identity', 'proved', { note: handshake.identity ?? '' }),
  ];
  const admission = { layer: layer.kind === 'plaintext' ? layer.layer : ('tcp' as const), handshake, isOpaque: false };
  const verdict = admitted(mesh, connection, mode, steps, admission);
  if (verdict.outcome !== 'ALLOW_MTLS') return { ...verdict, transport: 'hbone' };
  return { ...verdict, outcome: 'ALLOW_HBONE', transport: 'hbone' };
}

function refusedByProxy({ pod }: Connection): ServerVerdict {
  const note = "the proxy's own listener: connections end there";
  const steps = [step('capture', 'bypassed', { by: 'reserved-port', object: podRef(pod), note })];
  return { outcome: 'CLIENT_BLACKHOLE', transport: 'none', identity: null, decidedBy: null, steps, warnings: [] };
}

function throughSidecar(mesh: Mesh, connection: Connection): ServerVerdict {
  const { pod, port, arrival } = connection;
  const effective = mesh.peerAuthenticationOf(pod);
  const mode = modeAt(effective, port);
  const chain = chainAt(mesh, pod, port);
  const steps: TrailStep[] = [
    step('capture', 'captured'),
    step('peer-authentication', mode.mode, { by: mode.scope, object: mode.object ?? undefined }),
    ...outranked(mesh, pod, port, mode),
  ];
  const choice = chooseChain(mode.mode, chain, arrival);
  switch (choice.kind) {
    case 'waiting':
      steps.push(step('filter-chain', 'waiting', { note: 'the proxy waits for the client to speak first' }));
      return closed('HANG', modeDecider(mode), steps);
    case 'none':
      steps.push(step('filter-chain', 'none'));
      return noChain(connection, mode, choice.isTls, steps);
    case 'opaque-tls':
      steps.push(step('filter-chain', 'tls-passthrough'));
      return admitted(mesh, connection, mode, steps, { layer: 'tcp', handshake: null, isOpaque: true });
    case 'plaintext':
      steps.push(step('filter-chain', choice.layer));
      // Requests are waited for, and nothing says for how long.
      if (choice.layer === 'http' && arrival.handshake === null && arrival.bytes === 'silent') {
        return closed('HANG', modeDecider(mode), steps);
      }
      if (choice.layer === 'http' && (arrival.handshake !== null || arrival.bytes !== 'http')) {
        return notHttp(connection, mode, steps);
      }
      return admitted(mesh, connection, mode, steps, { layer: choice.layer, handshake: null, isOpaque: false });
    case 'mtls':
      steps.push(step('filter-chain', choice.layer === 'http' ? 'http-mtls' : 'tcp-mtls'));
      return terminated(mesh, connection, mode, steps, choice.layer);
  }
}

/** Filter chains come from the oldest Service with that target port; without one the traffic is sniffed. */
function chainAt(mesh: Mesh, pod: Pod, port: number): ChainClass {
  const { ingressPorts } = mesh.scopeOf(pod);
  if (ingressPorts !== null) {
    const protocol = ingressPorts.get(port);
    return protocol === undefined ? 'auto' : chainClass(protocolClass(portProtocol(port, protocol, 'TCP', undefined)));
  }
  const owner = mesh.portOwner(pod, port);
  return owner === null ? 'auto' : chainClass(owner.port.protocol);
}

function noChain(connection: Connection, mode: PortMode, isTls: boolean, steps: readonly TrailStep[]): ServerVerdict {
  if (connection.wire !== null) return mismatch(connection, mode, steps);
  return closed(isTls ? 'DENY_NO_CHAIN_TLS' : 'DENY_STRICT', modeDecider(mode), steps);
}

/** The two proxies disagree. Plaintext into STRICT is the PeerAuthentication's refusal; the caller's object stands beside it. */
function mismatch(connection: Connection, mode: PortMode, steps: readonly TrailStep[]): ServerVerdict {
  const { clientObject, wire } = connection;
  const objects = [mode.object, clientObject].filter((object) => object !== null);
  const isServerSide = wire === 'plaintext' || clientObject === null;
  const decidedBy: Decider | null = isServerSide
    ? modeDecider(mode, objects)
    : { stage: 'client', ...clientObject, objects };
  return { ...closed('CLIENT_TLS_MISMATCH', decidedBy, steps), ...unavailable(connection) };
}

function notHttp(connection: Connection, mode: PortMode, steps: readonly TrailStep[]): ServerVerdict {
  const { wire, arrival } = connection;
  if (wire !== null && arrival.handshake !== null) return mismatch(connection, mode, steps);
  const told = step('application', 'other-protocol', { note: 'the port is HTTP to the proxy, the bytes are not' });
  return { ...closed('PROTO_MISMATCH', modeDecider(mode), [...steps, told]), httpStatus: 400 };
}

/** The proxy's TLS: the certificate first, then what is inside. */
function terminated(
  mesh: Mesh,
  connection: Connection,
  mode: PortMode,
  steps: TrailStep[],
  layer: 'http' | 'tcp',
): ServerVerdict {
  const handshake = connection.arrival.handshake;
  if (handshake === null) return admitted(mesh, connection, mode, steps, { layer, handshake, isOpaque: false });
  const refusal = certificateRefusal(handshake, mesh);
  if (refusal !== null) {
    steps.push(step('identity', 'refused', { by: 'trust-domain', note: refusal }));
    if (connection.wire !== null) return mismatch(connection, mode, steps);
    return closed(refusal, modeDecider(mode), steps);
  }
  const served = spiffeId(mesh.trustDomain, connection.pod.namespace, connection.pod.serviceAccount);
  if (connection.wire === 'simple' || connection.acceptedServers?.includes(served) === false) {
    steps.push(step('identity', 'refused', { note: `the caller does not accept ${served}` }));
    return mismatch(connection, mode, steps);
  }
  steps.push(step('identity', 'proved', { note: handshake.identity ?? '' }));
  if (layer === 'http' && connection.arrival.bytes === 'tcp')
    return notHttp({ ...connection, wire: null }, mode, steps);
  if (layer === 'http' && connection.arrival.bytes === 'silent') return closed('HANG', modeDecider(mode), steps);
  const verdict = admitted(mesh, connection, mode, steps, { layer, handshake, isOpaque: false });
  if (connection.wire !== 'mutual') return verdict;
  const warning = "the client certificate of the DestinationRule is taken to be of the mesh's own CA";
  return { ...verdict, warnings: [...verdict.warnings, warning] };
}
