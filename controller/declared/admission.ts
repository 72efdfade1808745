/** Behind the filter chain: the token, the policies, and what the caller gets of it. */
import { pathForms } from './authorization-request.ts';
import type { AuthorizationRequest, HttpAttributes } from './authorization-request.ts';
import { customVerdict, policyVerdict } from './authorize.ts';
import { parseAddress } from './ip-ranges.ts';
import { modeDecider, unavailable } from './connection.ts';
import type { Connection, HttpFacts, ServerVerdict } from './connection.ts';
import type { DeclaredTransport, Decider, TrailStep } from './expectation.ts';
import type { Handshake } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';
import type { PortMode } from './peer-authentication.ts';
import { isRefusedPath } from './paths.ts';
import { isPreflight, judgeToken } from './request-authentication.ts';
import type { TokenVerdict } from './request-authentication.ts';
import { step } from './trail.ts';

interface Admission {
  readonly layer: 'http' | 'tcp';
  /** Null: nothing that proves an identity. */
  readonly handshake: Handshake | null;
  readonly isOpaque: boolean;
}

/** The transport is let in: now the policies. */
export function admitted(
  mesh: Mesh,
  connection: Connection,
  mode: PortMode,
  steps: readonly TrailStep[],
  { layer, handshake, isOpaque }: Admission,
): ServerVerdict {
  const identity = handshake?.identity ?? null;
  const transport: DeclaredTransport = isOpaque ? 'tls' : handshake === null ? 'plaintext' : 'mtls';
  const token: TokenVerdict = layer === 'http' ? tokenOf(mesh, connection) : { kind: 'none', isAsked: false };
  const request = requestOf(connection, identity, layer, token, mode.mode !== 'DISABLE');
  const set = mesh.authorizationOf(connection.pod);
  const custom = customVerdict(set, request, mesh.config);
  const known = [...steps, ...(handshake === null ? [step('identity', 'none')] : [])];
  const common = { transport, identity, warnings: [] };
  if (layer === 'http' && isRefusedPath(connection.http.path, mesh.config.pathNormalization)) {
    return badRequest(connection.http.path, known);
  }
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
  if (verdict.kind === 'deny' && layer === 'tcp' && connection.arrival.bytes === 'silent') {
    return unasked(traced, mode, verdict.steps, known);
  }
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
      decidedBy: isUnanswered ? decidedBy : (verdict.decidedBy ?? decidedBy),
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

/**
 * On TCP chains the policies are asked when the caller's first byte comes, and the application has been connected before: what
 * a server says first reaches a caller that is denied. envoy: filters/network/rbac/rbac_filter.cc:onData; measured on 1.36.4.
 */
function unasked(
  traced: Pick<ServerVerdict, 'transport' | 'identity'>,
  mode: PortMode,
  refusals: readonly TrailStep[],
  known: readonly TrailStep[],
): ServerVerdict {
  const late = refusals.map((refusal) => ({ ...refusal, isInEffect: false }));
  return {
    ...traced,
    outcome: traced.transport === 'mtls' ? 'ALLOW_MTLS' : 'ALLOW_PLAINTEXT',
    decidedBy: modeDecider(mode),
    steps: [...known, ...late, step('application', 'answers')],
    warnings: [
      'authorization is asked at the first byte of the caller: what the application says before it gets through',
    ],
  };
}

/** What no HTTP proxy takes, whatever policies say. */
function badRequest(path: string, known: readonly TrailStep[]): ServerVerdict {
  const steps = [...known, step('application', 'other-protocol', { note: `the proxy takes no request for ${path}` })];
  const outcome = 'PROTO_MISMATCH';
  return { outcome, transport: 'none', identity: null, httpStatus: 400, decidedBy: null, steps, warnings: [] };
}

function denied(connection: Connection, layer: 'http' | 'tcp'): Pick<ServerVerdict, 'outcome' | 'httpStatus'> {
  if (layer === 'tcp') return { outcome: 'DENY_AUTHZ_TCP', ...unavailable(connection) };
  // gRPC carries the refusal in its trailers, under HTTP status 200.
  return { outcome: 'DENY_AUTHZ_HTTP', ...(connection.isGrpc ? {} : { httpStatus: 403 }) };
}

function tokenOf(mesh: Mesh, { pod, http }: Connection): TokenVerdict {
  if (isPreflight(http.method, http.headers)) return { kind: 'none', isAsked: false };
  return judgeToken(mesh.requestAuthenticationsOf(pod), http.token, mesh.takenAtMs);
}

function tokenSteps(token: TokenVerdict): readonly TrailStep[] {
  if (token.kind === 'none') return token.isAsked ? [step('request-authentication', 'no-token')] : [];
  return token.kind === 'accepted' ? [step('request-authentication', 'accepted', { object: token.object })] : [];
}

/** `isInspected`: the proxy reads TLS handshakes, its own or not, for their server name; with mode DISABLE it reads none. */
function requestOf(
  connection: Connection,
  identity: string | null,
  layer: 'http' | 'tcp',
  token: TokenVerdict,
  isInspected: boolean,
): AuthorizationRequest {
  const { pod, port, sourceAddress, http, arrival } = connection;
  return {
    identity,
    sourceAddress,
    remoteAddress: layer === 'tcp' ? sourceAddress : forwardedAddress(http.headers, sourceAddress),
    destinationAddress: pod.addresses[0] ?? null,
    port,
    serverName: isInspected ? (arrival.handshake?.serverName ?? '') : '',
    ...(layer === 'tcp' ? {} : { http: httpAttributes(http, token) }),
  };
}

/**
 * What `remote.ip` is behind sidecars and waypoints: the last address of X-Forwarded-For, whoever wrote it, for no proxy before
 * them adds one; the caller's own where the last one is no address. istio: listener_inbound.go:buildSidecarInboundHTTPOpts
 * (use_remote_address false); envoy: source/common/http/utility.cc:getLastAddressFromXFF; measured on Envoy 1.36.4.
 */
export function forwardedAddress(headers: HttpFacts['headers'], own: string | null): string | null {
  const last = headers['x-forwarded-for']?.split(',').at(-1)?.trim() ?? '';
  return parseAddress(last) === null ? own : last;
}

export function httpAttributes({ host, method, path, headers }: HttpFacts, token: TokenVerdict): HttpAttributes {
  const claims = token.kind === 'accepted' ? token.claims : {};
  return { host, method, path: pathForms(path), headers, claims };
}
