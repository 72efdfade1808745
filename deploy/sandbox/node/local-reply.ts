/** Answers that a proxy gives by itself, in Envoy's words (texts and headers as measured on Envoy 1.36). */
import { headerOf, type HttpRequest, type HttpResponse } from './http-message.ts';

/** gRPC status by HTTP status (envoy: source/common/grpc/status.cc:httpToGrpcStatus). */
const GRPC_STATUS: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 502: 14, 503: 14, 504: 14 };
const GRPC_UNKNOWN = 2;

/** To a gRPC call the same is said with HTTP status 200 and a gRPC status. */
export function localReply(request: HttpRequest, status: number, text: string): HttpResponse {
  if (headerOf(request.headers, 'content-type')?.startsWith('application/grpc') === true) {
    const grpcStatus = String(GRPC_STATUS[status] ?? GRPC_UNKNOWN);
    const message = text === '' ? [] : [['grpc-message', text] as const];
    return {
      status: 200,
      headers: [['content-type', 'application/grpc'], ['grpc-status', grpcStatus], ...message],
      body: '',
    };
  }
  const kind = text === '' ? [] : [['content-type', 'text/plain'] as const];
  return { status, headers: [['content-length', String(text.length)], ...kind], body: text };
}

/** `why` is Envoy's reset reason, as in `connection termination`. */
export function upstreamFailed(request: HttpRequest, why: string): HttpResponse {
  const text = `upstream connect error or disconnect/reset before headers. reset reason: ${why}`;
  return localReply(request, why === PROTOCOL_ERROR ? 502 : 503, text);
}

export const CONNECTION_TERMINATION = 'connection termination';
export const PROTOCOL_ERROR = 'protocol error';
export const NO_HEALTHY_UPSTREAM = 'no healthy upstream';
export const RBAC_DENIED = 'RBAC: access denied';

/** What an HTTP/1 connection gets whose bytes are no request. */
export function badRequest(serverName: string): string {
  const body = 'Bad Request';
  return [
    'HTTP/1.1 400 Bad Request',
    `content-length: ${String(body.length)}`,
    'content-type: text/plain',
    `date: ${new Date().toUTCString()}`,
    `server: ${serverName}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
