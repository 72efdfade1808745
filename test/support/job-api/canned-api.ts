/** An API server over loopback that knows a few answers by heart. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { statusObject } from '../api-server/faults.ts';

/** By `METHOD /path`, without the query; what is not there is not found. */
export type Answers = Readonly<Record<string, unknown>>;

interface Review {
  readonly kind: string;
  readonly spec: { readonly user?: string; readonly resourceAttributes: Readonly<Record<string, string>> };
}

export interface CannedApi extends AsyncDisposable {
  readonly kubeconfig: string;
}

/** A number as an answer is a status. `may` answers reviews of rights; of SubjectAccessReviews `user` is set. */
export async function cannedApi(
  answers: Answers,
  may: (right: string, user: string | undefined) => boolean,
): Promise<CannedApi> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const reply = (status: number, object: unknown): void => {
      response.writeHead(status).end(JSON.stringify(object));
    };
    if (request.method === 'POST' && path.endsWith('accessreviews')) {
      void json(request).then((review) => {
        const { spec } = review as Review;
        const { verb = '', resource = '', subresource, namespace = '' } = spec.resourceAttributes;
        const right = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} ${namespace}`.trimEnd();
        reply(201, { status: { allowed: may(right, spec.user) } });
      });
      return;
    }
    const known = answers[`${request.method ?? ''} ${path}`];
    if (known === 403) {
      const resource = path.split('/').at(-1) ?? '';
      reply(403, statusObject(403, `forbidden: User "ann" cannot list resource "${resource}" in API group ""`));
    } else reply(known === undefined ? 404 : 200, known ?? statusObject(404, 'not found'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { kubeconfig: kubeconfigOf(server), [Symbol.asyncDispose]: () => closed(server) };
}

function kubeconfigOf(server: Server): string {
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return JSON.stringify({
    clusters: [{ name: 'fake', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'ann', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'ann' } }],
    'current-context': 'fake',
  });
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
