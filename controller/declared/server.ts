/** What a pod's port makes of a connection: capture, PeerAuthentication, filter chain, certificate, authorization. */
import { pathForms } from './authorization-request.ts';
import type { AuthorizationRequest, HttpAttributes } from './authorization-request.ts';
import { customVerdict, policyVerdict } from './authorize.ts';
import { serveAmbient } from './ambient.ts';
import { certificateRefusal } from './certificates.ts';
import { isProxyListener, portCapture } from './capture.ts';
import type { PortCapture } from './capture.ts';
import type { Wire } from './client-transport.ts';
import type { DeclaredTransport, Decider, FlowRequest, ObjectRef, OutcomeCode, TrailStep } from './expectation.ts';
import { chooseChain } from './filter-chain.ts';
import type { Arrival, Handshake } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { modeAt } from './peer-authentication.ts';
import type { PortMode } from './peer-authentication.ts';
import { chainClass } from './protocol.ts';
import type { ChainClass } from './protocol.ts';
import { isPreflight, judgeToken } from './request-authentication.ts';
import type { TokenVerdict } from './request-authentication.ts';
import { isSubset } from './selector.ts';
import { step } from './trail.ts';

/** A connection as it comes out of the network in front of the pod. */
export interface Connection {
  readonly pod: Pod;
  /** Container port. */
  readonly port: number;
  readonly arrival: Arrival;
  /** What the caller's proxy does; null: nobody's proxy, the caller's own bytes. */
  readonly wire: Wire | null;
  /** The caller's proxy speaks HTTP with it: failures come back as 503. */
  readonly isHttpClient: boolean;
  /** Object that chose the transport on the caller's side. */
  readonly clientObject: ObjectRef | null;
  readonly sourceAddress: string | null;
  /** The caller's SPIFFE id, whether or not it proves it. */
  readonly wouldBe: string | null;
  readonly http: HttpFacts;
  readonly isGrpc: boolean;
  /** The application behind the port is said to speak TLS. */
  readonly isTlsApplication: boolean;
  /** HBONE: the handshake is the tunnel's, and the port is the one inside it. */
  readonly isTunnel: boolean;
  /** The caller is in the network of the pod's node. */
  readonly isSameNode: boolean;
}

export interface HttpFacts {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly token?: FlowRequest['token'];
}

export interface ServerVerdict {
  readonly outcome: OutcomeCode;
  readonly transport: DeclaredTransport;
  readonly identity: string | null;
  readonly httpStatus?: number;
  /** Where the mesh lets through what the application cannot understand, so that the caller gets no answer. */
  readonly isUnanswered?: true;
  readonly decidedBy: Decider | null;
  readonly steps: readonly TrailStep[];
  readonly warnings: readonly string[];
}

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

/** No proxy on the server's side: what arrives is for the application. */
function pastProxy(mesh: Mesh, connection: Connection, capture: PortCapture): ServerVerdict {
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
  if (ingressPorts !== null && !ingressPorts.has(port)) return 'auto';
  const owner = mesh.portOwner(pod, port);
  return owner === null ? 'auto' : chainClass(owner.port.protocol);
}

/** Policies that name this port or pod and yet do not count, for the reader of the trail. */
function outranked(mesh: Mesh, pod: Pod, port: number, mode: PortMode): readonly TrailStep[] {
  const effective = mesh.peerAuthenticationOf(pod);
  const steps = effective.losers.flatMap(({ policy, winner }) => {
    const lost = policy.ports.get(port) ?? policy.mode;
    if (lost === null) return [];
    const note = `${winner.ref.namespace}/${winner.ref.name} is older`;
    return [step('peer-authentication', lost, { by: 'older-duplicate', object: policy.ref, isInEffect: false, note })];
  });
  for (const policy of mesh.peerAuthentications.ignored) {
    const wanted = policy.ports.get(port) ?? policy.mode;
    if (wanted === null || !isSubset(policy.selector ?? {}, pod.labels)) continue;
    steps.push(
      step('peer-authentication', wanted, { by: 'root-namespace-selector', object: policy.ref, isInEffect: false }),
    );
  }
  const byServicePort = servicePortKey(mesh, pod, port);
  if (byServicePort !== null && mode.scope !== 'port') steps.push(byServicePort);
  return steps;
}

/** `portLevelMtls` keyed by the Service's port, where the container port is another. */
function servicePortKey(mesh: Mesh, pod: Pod, port: number): TrailStep | null {
  const { workload } = mesh.peerAuthenticationOf(pod);
  const owner = mesh.portOwner(pod, port);
  if (workload === null || owner === null || owner.port.port === port) return null;
  const mode = workload.ports.get(owner.port.port);
  const isPortOfPod =
    mesh.portOwner(pod, owner.port.port) !== null || pod.ports.some((own) => own.port === owner.port.port);
  if (mode === undefined || mode === null || isPortOfPod) return null;
  const path = `spec.portLevelMtls.${String(owner.port.port)}`;
  const note = `${String(owner.port.port)} is a port of service ${owner.service.key}; its container port is ${String(port)}`;
  return step('peer-authentication', mode, {
    by: 'service-port-key',
    object: { ...workload.ref, path },
    isInEffect: false,
    note,
  });
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
  if (connection.wire === 'simple') return mismatch(connection, mode, steps);
  steps.push(step('identity', 'proved', { note: handshake.identity ?? '' }));
  if (layer === 'http' && connection.arrival.bytes === 'tcp')
    return notHttp({ ...connection, wire: null }, mode, steps);
  if (layer === 'http' && connection.arrival.bytes === 'silent') return closed('HANG', modeDecider(mode), steps);
  return admitted(mesh, connection, mode, steps, { layer, handshake, isOpaque: false });
}

interface Admission {
  readonly layer: 'http' | 'tcp';
  /** Null: nothing that proves an identity. */
  readonly handshake: Handshake | null;
  readonly isOpaque: boolean;
}

/** The transport is let in: now the policies. */
function admitted(
  mesh: Mesh,
  connection: Connection,
  mode: PortMode,
  steps: readonly TrailStep[],
  { layer, handshake, isOpaque }: Admission,
): ServerVerdict {
  const identity = handshake?.identity ?? null;
  const transport: DeclaredTransport = isOpaque ? 'tls' : handshake === null ? 'plaintext' : 'mtls';
  const token: TokenVerdict = layer === 'http' ? tokenOf(mesh, connection) : { kind: 'none', isAsked: false };
  const request = requestOf(connection, identity, layer, token);
  const set = mesh.authorizationOf(connection.pod);
  const custom = customVerdict(set, request, mesh.config);
  const known = [...steps, ...(handshake === null ? [step('identity', 'none')] : [])];
  const common = { transport, identity, warnings: [] };
  if (custom.kind !== 'deny' && token.kind === 'refused') {
    const { object, httpStatus, why } = token;
    const said = step('request-authentication', 'refused', { object, note: why });
    const decidedBy: Decider = { stage: 'request-authentication', ...object };
    return { ...common, outcome: 'DENY_JWT', httpStatus, decidedBy, steps: [...known, ...custom.steps, said] };
  }
  const verdict = custom.kind === 'deny' ? custom : policyVerdict(set, request, connection.wouldBe);
  const trail = [
    ...known,
    ...(custom.kind === 'deny' ? [] : [...custom.steps, ...tokenSteps(token)]),
    ...verdict.steps,
  ];
  const traced = { ...common, steps: trail };
  if (verdict.kind === 'deny') return { ...traced, ...denied(connection, layer), decidedBy: verdict.decidedBy };
  if (custom.kind === 'provider') {
    const warning = 'an external authorization provider decides; its answer is not declared';
    return { ...traced, outcome: 'UNKNOWN', decidedBy: custom.decidedBy, warnings: [warning] };
  }
  if (isOpaque) {
    const byClient = connection.wire !== null && connection.clientObject !== null;
    const decidedBy: Decider | null = byClient ? { stage: 'client', ...connection.clientObject } : modeDecider(mode);
    const isUnanswered = connection.wire !== null && !connection.isTlsApplication;
    return {
      ...traced,
      ...(isUnanswered ? { isUnanswered, ...unavailable(connection) } : {}),
      outcome: 'ALLOW_OPAQUE_TLS',
      decidedBy: verdict.decidedBy ?? decidedBy,
      warnings: ['the TLS is handed on to the application, which must speak TLS itself'],
    };
  }
  return {
    ...traced,
    steps: [...trail, step('application', 'answers')],
    outcome: handshake === null ? 'ALLOW_PLAINTEXT' : 'ALLOW_MTLS',
    decidedBy: verdict.decidedBy ?? modeDecider(mode),
  };
}

function denied(connection: Connection, layer: 'http' | 'tcp'): Pick<ServerVerdict, 'outcome' | 'httpStatus'> {
  if (layer === 'tcp') return { outcome: 'DENY_AUTHZ_TCP', ...unavailable(connection) };
  // gRPC carries the refusal in its trailers, under HTTP status 200.
  return { outcome: 'DENY_AUTHZ_HTTP', ...(connection.isGrpc ? {} : { httpStatus: 403 }) };
}

function unavailable({ isHttpClient, isGrpc }: Connection): { readonly httpStatus?: number } {
  return isHttpClient && !isGrpc ? { httpStatus: 503 } : {};
}

function tokenOf(mesh: Mesh, { pod, http }: Connection): TokenVerdict {
  if (isPreflight(http.method, http.headers)) return { kind: 'none', isAsked: false };
  return judgeToken(mesh.requestAuthenticationsOf(pod), http.token, mesh.takenAtMs);
}

function tokenSteps(token: TokenVerdict): readonly TrailStep[] {
  if (token.kind === 'none') return token.isAsked ? [step('request-authentication', 'no-token')] : [];
  return token.kind === 'accepted' ? [step('request-authentication', 'accepted', { object: token.object })] : [];
}

function requestOf(
  connection: Connection,
  identity: string | null,
  layer: 'http' | 'tcp',
  token: TokenVerdict,
): AuthorizationRequest {
  const { pod, port, sourceAddress, http } = connection;
  return {
    identity,
    sourceAddress,
    remoteAddress: sourceAddress,
    destinationAddress: pod.addresses[0] ?? null,
    port,
    serverName: '',
    ...(layer === 'tcp' ? {} : { http: httpAttributes(http, token) }),
  };
}

export function httpAttributes({ host, method, path, headers }: HttpFacts, token: TokenVerdict): HttpAttributes {
  const requestPrincipal = token.kind === 'accepted' ? token.principal : null;
  const claims = token.kind === 'accepted' ? token.claims : {};
  return { host, method, path: pathForms(path), headers, requestPrincipal, claims };
}

function closed(outcome: OutcomeCode, decidedBy: Decider | null, steps: readonly TrailStep[]): ServerVerdict {
  return { outcome, transport: 'none', identity: null, decidedBy, steps, warnings: [] };
}

/** Null where Istio's default permits: nothing declared decides then. */
function modeDecider({ object }: PortMode, objects: readonly ObjectRef[] = []): Decider | null {
  if (object === null) return null;
  return { stage: 'peer-authentication', ...object, ...(objects.length > 1 ? { objects } : {}) };
}

export function podRef(pod: Pod, path?: string): ObjectRef {
  return { kind: 'Pod', namespace: pod.namespace, name: pod.name, ...(path === undefined ? {} : { path }) };
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
