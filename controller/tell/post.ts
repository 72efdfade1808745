/** One POST over HTTP or HTTPS, on a connection of its own; what comes of it is a value without a secret in it. */
import { request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';

export type Posted =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter: string | null }
  /** There was no whole answer. `why` is the code of the fault. */
  | { readonly kind: 'failed'; readonly why: string };

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nobody reads the answer; what is longer is not waited for. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Follows no redirect. Error texts are not passed on, as some hold the URL, which may hold a credential: node:http sends
 * one as Basic authorization, and its errors name host and port alone (`fetch` puts the whole URL into them).
 * Rejects with the signal's reason.
 */
export async function post({ url, headers, body }: Post, signal: AbortSignal): Promise<Posted> {
  const { promise, resolve } = Promise.withResolvers<Posted>();
  const failed = (error: NodeJS.ErrnoException): void => {
    resolve({ kind: 'failed', why: error.code ?? 'the connection failed' });
  };
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal,
  });
  request.on('error', failed);
  request.on('response', (response) => {
    awaitEnd(response, resolve, failed);
  });
  request.end(body);
  try {
    const posted = await promise;
    signal.throwIfAborted();
    return posted;
  } finally {
    request.destroy();
  }
}

function awaitEnd(
  response: IncomingMessage,
  resolve: (posted: Posted) => void,
  failed: (error: NodeJS.ErrnoException) => void,
): void {
  const { statusCode = 0, headers } = response;
  const answer: Posted = { kind: 'answer', status: statusCode, retryAfter: headers['retry-after'] ?? null };
  let sizeBytes = 0;
  response.on('error', failed);
  response.on('data', (chunk: Uint8Array) => {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_ANSWER_BYTES) resolve(answer);
  });
  response.on('end', () => {
    resolve(answer);
  });
}
