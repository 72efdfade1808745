/** Leave-taking from the pod's sidecar: an ordinary container beside a Job's would hold the pod for ever. */
import { request } from 'node:http';
import type { Address } from '../proto/vocabulary.ts';

/** pilot-agent's; istio: pilot/cmd/pilot-agent/status/server.go:handleQuit (POST from the pod itself, since 1.3) */
const PILOT_AGENT: Address = { host: '127.0.0.1', port: 15_020 };
const WITHIN_MS = 1_000;

export type Farewell =
  | { readonly kind: 'told' }
  /** Nobody listens: the sidecar has gone before. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly why: string };

/** Never rejects. A sidecar that Kubernetes itself ends after the pod's containers (a native one) takes it as well. */
export async function quitSidecar(address: Address = PILOT_AGENT, withinMs = WITHIN_MS): Promise<Farewell> {
  const { promise, resolve } = Promise.withResolvers<Farewell>();
  const call = request({
    ...address,
    method: 'POST',
    path: '/quitquitquit',
    agent: false,
    signal: AbortSignal.timeout(withinMs),
  });
  call.on('response', (response) => {
    response.resume();
    const status = response.statusCode ?? 0;
    resolve(status === 200 ? { kind: 'told' } : { kind: 'failed', why: `it answered ${String(status)}` });
  });
  call.on('error', (error: NodeJS.ErrnoException) => {
    resolve(error.code === 'ECONNREFUSED' ? { kind: 'gone' } : { kind: 'failed', why: error.message });
  });
  call.end();
  return await promise;
}
