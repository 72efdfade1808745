/** What a controller that stays asks of the API server beside what it measures: who somebody is, and to be heard. */
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { Cluster } from '../api-server/cluster.ts';
import { KubernetesApi } from '../api-server/kubernetes-api.ts';
import { wordsOf } from '../api-server/trouble.ts';
import { fields, list, text } from '../declared/reading.ts';
import type { AskCluster } from '../tell/cluster-request.ts';
import { KubernetesEvents } from '../tell/kubernetes-events.ts';
import { openReportsSink } from '../tell/open-reports-sink.ts';
import type { Sink } from '../tell/sink.ts';
import type { Ask } from '../web/access/cluster-access.ts';

export interface Asking extends AsyncDisposable {
  readonly ask: AskCluster;
  /** Of TokenReviews and their like: resolves to the object as it was answered. */
  readonly review: Ask;
}

/** Whoever asks has patience of their own, and asks again. */
const PATIENCE_MS = 5000;

/** Over connections of its own, so that it holds up nobody but itself. */
export function asking(cluster: Cluster, clock: Clock, debug: (message: string) => void): Asking {
  const api = new KubernetesApi(cluster, clock, { patienceMs: PATIENCE_MS, debug });
  const ask: AskCluster = ({ verb, apiGroup, resource, namespace, ...request }, signal) => {
    const access = { verb, apiGroup, resource, ...(namespace !== undefined && { namespace }) };
    return api.ask({ access, ...request }, signal);
  };
  return {
    ask,
    review: async (path, body, signal) => {
      const [, , apiGroup = '', , resource = ''] = path.split('/');
      const answer = await ask({ verb: 'create', apiGroup, resource, path, body }, signal);
      if (answer.status < 300) return answer.body;
      throw new MeshproofError('MPE_CLUSTER_UNREACHABLE', `${resource}: ${wordsOf(answer.status, answer.body)}`);
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

/** Where the Service leads; agents dial it there. Rejects with MPE_INVALID_CONFIG where it is not there. */
export async function clusterIpOf(
  ask: AskCluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<string> {
  const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
  const path = `/api/v1/namespaces/${namespace}/services?${query.toString()}`;
  const { body } = await ask({ verb: 'list', apiGroup: '', resource: 'services', namespace, path }, signal);
  const [service] = list(fields(body)['items']);
  const address = text(fields(service, 'spec')['clusterIP']) ?? '';
  if (address !== '' && address !== 'None') return address;
  throw new MeshproofError('MPE_INVALID_CONFIG', `there is no Service ${namespace}/${name} with an address`, {
    hint: 'Agents dial it. `meshproof install --serve` and the Helm chart make it.',
  });
}

export interface ClusterSinks extends AsyncDisposable {
  readonly all: readonly Sink[];
}

/** Those that were asked for. Disposing writes what is left to be written. */
export function clusterSinks(
  { events, reports }: { readonly events: boolean; readonly reports: boolean },
  deps: { readonly ask: AskCluster; readonly clock: Clock; readonly debug: (message: string) => void },
  instance: string,
): ClusterSinks {
  const written = events ? new KubernetesEvents(deps, { instance }) : undefined;
  return {
    all: [...(written === undefined ? [] : [written]), ...(reports ? [openReportsSink(deps)] : [])],
    [Symbol.asyncDispose]: async () => {
      await written?.[Symbol.asyncDispose]();
    },
  };
}
