/** The router at the end of an HTTP filter chain: one attempt, no retries. */
import type { HttpRequest, HttpResponse } from './http-message.ts';
import { withoutHeaders } from './http-message.ts';
import { exchange } from './http-upstream.ts';
import { upstreamFailed } from './local-reply.ts';
import type { Connection } from './upstream.ts';

const UPSTREAM_TIME = 'x-envoy-upstream-service-time';

/** The upstream's answer with the time that it took, or Envoy's local reply. Never rejects. */
export async function forward(
  request: HttpRequest,
  connect: (signal: AbortSignal) => Promise<Connection>,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const startedAtMs = performance.now();
  const connection = await connect(signal);
  if (connection.kind === 'failed') return upstreamFailed(request, connection.why);
  const exchanged = await exchange(connection.socket, request, signal);
  if (exchanged.kind === 'failed') return upstreamFailed(request, exchanged.why);
  const { response } = exchanged;
  const tookMs = Math.round(performance.now() - startedAtMs);
  return {
    ...response,
    headers: [...withoutHeaders(response.headers, [UPSTREAM_TIME]), [UPSTREAM_TIME, String(tookMs)]],
  };
}
