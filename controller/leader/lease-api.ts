/** One Lease at the API server: read, made, written over where nobody else has since. */
import { MeshproofError } from '../../proto/errors.ts';
import type { KubernetesApi } from '../api-server/kubernetes-api.ts';
import type { Access } from '../api-server/refusal.ts';
import { wordsOf } from '../api-server/trouble.ts';
import { fields } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';

export type Written =
  | { readonly kind: 'written'; readonly lease: Fields }
  /** Somebody else has written since, or made or removed it. */
  | { readonly kind: 'overtaken' };

/** Rejects as `KubernetesApi.ask`, and with MPE_CLUSTER_UNREACHABLE where the server does not take it. */
export interface LeaseApi {
  /** Undefined: there is none. */
  readonly read: (signal: AbortSignal) => Promise<Fields | undefined>;
  readonly create: (lease: Fields, signal: AbortSignal) => Promise<Written>;
  /** The object has the resource version that it was read with. */
  readonly update: (lease: Fields, signal: AbortSignal) => Promise<Written>;
}

const API_GROUP = 'coordination.k8s.io';
const RESOURCE = 'leases';

export function leaseApi(
  api: Pick<KubernetesApi, 'ask'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): LeaseApi {
  const collection = `/apis/${API_GROUP}/v1/namespaces/${namespace}/${RESOURCE}`;
  const ask = async (verb: Access['verb'], path: string, signal: AbortSignal, body?: Fields) => {
    const access: Access = { verb, apiGroup: API_GROUP, resource: RESOURCE, namespace };
    const answer = await api.ask({ access, path, ...(body !== undefined && { body }) }, signal);
    if (answer.status < 300) return fields(answer.body);
    if (answer.status === 404 || answer.status === 409) return undefined;
    const why = wordsOf(answer.status, answer.body);
    throw new MeshproofError('MPE_CLUSTER_UNREACHABLE', `cannot ${verb} Lease ${namespace}/${name}: ${why}`);
  };
  const written = (lease: Fields | undefined): Written =>
    lease === undefined ? { kind: 'overtaken' } : { kind: 'written', lease };
  return {
    read: (signal) => ask('get', `${collection}/${name}`, signal),
    create: async (lease, signal) => written(await ask('create', collection, signal, lease)),
    update: async (lease, signal) => written(await ask('update', `${collection}/${name}`, signal, lease)),
  };
}
