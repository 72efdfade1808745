/** HTTP requests and responses as they pass through a proxy, whatever version they came in. */
import type { Readable } from 'node:stream';

/** Names in lower case, in the order of the wire; no pseudo headers. */
export type Headers = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  readonly version: 1 | 2;
  readonly method: string;
  readonly path: string;
  /** Host header or `:authority`. */
  readonly authority: string;
  readonly headers: Headers;
  readonly body: Readable;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable | string;
  /** Complete once the body has ended. */
  readonly trailers?: () => Headers;
}

/** Answers one request. The signal aborts when the caller goes away. Never rejects. */
export type Answer = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

/** Headers of one connection, which a proxy does not pass on (RFC 9110 7.6.1). */
const HOP_BY_HOP: readonly string[] = ['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'http2-settings'];

export function headerOf(headers: Headers, name: string): string | undefined {
  return headers.find(([each]) => each === name)?.[1];
}

export function withoutHeaders(headers: Headers, names: readonly string[]): Headers {
  return headers.filter(([name]) => !names.includes(name));
}

export function endToEnd(headers: Headers): Headers {
  return withoutHeaders(headers, HOP_BY_HOP);
}

/** Pairs out of node:http's flat list of names and values. */
export function pairs(flat: readonly string[]): Headers {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), flat[index + 1] ?? ''] as const] : []));
}
