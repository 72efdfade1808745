/** Behind the filter chain: the token, the policies, and what the caller gets of it. */
import { pathForms } from './authorization-request.ts';
import type { AuthorizationRequest, HttpAttributes } from './authorization-request.ts';
import { customVerdict, policyVerdict } from './authorize.ts';
import { modeDecider, unavailable } from './connection.ts';
import type { Connection, HttpFacts, ServerVerdict } from './connection.ts';
import type { DeclaredTransport, Decider, TrailStep } from './expectation.ts';
import type { Handshake } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';
import type { PortMode } from './peer-authentication.ts';
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
