/** What an HTTP or gRPC answer says: an answer of the application, or a proxy's word that it refused or failed. */
import type { Signature } from '../proto/outcome.ts';

export interface ProxyAnswer {
  /** The HTTP status; for gRPC the HTTP status that Envoy would have given in its place. */
  readonly status: number;
  /** Names in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Body, or `grpc-message`. */
  readonly text: string;
  /** The attempt went through our own sidecar. */
  readonly isMeshed: boolean;
}

const NO_HEALTHY_UPSTREAM = 'no healthy upstream';
const UPSTREAM_ERROR = /upstream connect error|upstream request timeout|upstream connection/i;

/**
 * The signature of a refusal, or undefined where the application itself answered, whatever its status. Envoy's texts are
 * matched by token: their framing changes between versions.
 */
export function refusalIn(answer: ProxyAnswer): Signature | undefined {
  const { status, text } = answer;
  if (!isFromEnvoy(answer)) return undefined;
  // Envoy says this only where the answering proxy itself made the answer; an application's answer passed one.
  const isLocalReply = answer.header('x-envoy-upstream-service-time') === undefined;
  switch (status) {
    case 400:
      return isLocalReply ? 'bad-request' : undefined;
    case 401:
      return isJwtRefusal(answer, isLocalReply) ? 'jwt-refused' : undefined;
    case 403:
      return refusalOf403(text, isLocalReply);
    case 404:
      return isLocalReply && text === '' ? 'no-route' : undefined;
    case 502:
      return isLocalReply && text === '' && answer.isMeshed ? 'blackhole' : undefined;
    case 503:
    case 504:
      return upstreamFailure(text);
    default:
      return undefined;
  }
}

function isFromEnvoy({ header }: ProxyAnswer): boolean {
  const server = header('server');
  return server === 'envoy' || server === 'istio-envoy';
}

/** A server's own proxy answers through the caller's proxy, so that an upstream time proves nothing against known texts. */
function isJwtRefusal({ header, text }: ProxyAnswer, isLocalReply: boolean): boolean {
  if (/^jwt /i.test(text)) return true;
  return isLocalReply && /^bearer\b/i.test(header('www-authenticate') ?? '');
}

/** A 403 that Envoy itself gave with another body comes from an external authorizer; that is authorization as well. */
function refusalOf403(text: string, isLocalReply: boolean): Signature | undefined {
  if (text.trim() === 'RBAC: access denied') return 'rbac-denied';
  if (/^audiences in jwt/i.test(text)) return 'jwt-refused';
  return isLocalReply ? 'rbac-denied' : undefined;
}

/** What Envoy says of an upstream that gave no answer; undefined for an application's own 503. */
export function upstreamFailure(text: string): Signature | undefined {
  if (text.includes(NO_HEALTHY_UPSTREAM)) return 'no-healthy-upstream';
  if (!UPSTREAM_ERROR.test(text)) return undefined;
  for (const [token, signature] of UPSTREAM_TOKENS) {
    if (token.test(text)) return signature;
  }
  return 'upstream-failed';
}

/** The first that matches decides: TLS first, for Envoy wraps its errors in `remote connection failure`. */
const UPSTREAM_TOKENS: readonly (readonly [RegExp, Signature])[] = [
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG/, 'upstream-plaintext'],
  [/CERTIFICATE|UNKNOWN_CA/, 'upstream-certificate'],
  [/connection timeout|request timeout/i, 'upstream-timeout'],
  [/connection termination|connection reset by peer|delayed connect error: 104/i, 'upstream-reset'],
  [/connection refused|delayed connect error: 111/i, 'upstream-refused'],
];

/** HTTP status that Envoy's gRPC local reply stands for (envoy: source/common/grpc/status.cc:httpToGrpcStatus, read backwards). */
export function httpStatusOf(grpcStatus: number): number | undefined {
  return HTTP_OF_GRPC.get(grpcStatus);
}

const HTTP_OF_GRPC: ReadonlyMap<number, number> = new Map([
  [7, 403],
  [12, 404],
  [13, 400],
  [14, 503],
  [16, 401],
]);
