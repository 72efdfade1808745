/** Which pod leads, where its Service can see it: a label on that pod, and on no other. */
import type { KubernetesApi } from '../api-server/kubernetes-api.ts';
import type { Access } from '../api-server/refusal.ts';
import { wordsOf } from '../api-server/trouble.ts';
import { fields, list, text } from '../declared/reading.ts';
import { LEADER_LABEL } from '../install/names.ts';
import { MeshproofError } from '../../proto/errors.ts';

/** Both reject with MPE_NOT_PERMITTED, MPE_CLUSTER_UNREACHABLE and the signal's reason. */
export interface LeaderLabel {
  /** Takes it off whoever else has it, too: a leader that was lost cannot do so itself. */
  readonly putOn: (signal: AbortSignal) => Promise<void>;
  /** It does not matter whether it is there. */
  readonly takeOff: (signal: AbortSignal) => Promise<void>;
}

/** `pod`: our own. */
export function leaderLabel(
  api: Pick<KubernetesApi, 'ask'>,
  { namespace, podName }: { readonly namespace: string; readonly podName: string },
): LeaderLabel {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const right = (verb: Access['verb']): Access => ({ verb, apiGroup: '', resource: 'pods', namespace });
  const patch = async (name: string, value: 'true' | null, signal: AbortSignal): Promise<void> => {
    const answer = await api.ask(
      {
        access: right('patch'),
        path: `${pods}/${name}`,
        body: { metadata: { labels: { [LEADER_LABEL]: value } } },
        contentType: 'application/merge-patch+json',
      },
      signal,
    );
    // One that is gone leads nobody.
    if (answer.status < 300 || (answer.status === 404 && value === null)) return;
    throw unlabelled(`${namespace}/${name}`, answer);
  };
  const others = async (signal: AbortSignal): Promise<readonly string[]> => {
    const query = new URLSearchParams({ labelSelector: LEADER_LABEL });
    const answer = await api.ask({ access: right('list'), path: `${pods}?${query.toString()}` }, signal);
    if (answer.status >= 300) throw unlabelled(`${namespace}/${podName}`, answer);
    const names = list(fields(answer.body)['items']).map((pod) => text(fields(pod, 'metadata')['name']) ?? '');
    return names.filter((name) => name !== podName);
  };
  return {
    putOn: async (signal) => {
      for (const name of await others(signal)) await patch(name, null, signal);
      await patch(podName, 'true', signal);
    },
    takeOff: (signal) => patch(podName, null, signal),
  };
}

function unlabelled(
  pod: string,
  { status, body }: { readonly status: number; readonly body: unknown },
): MeshproofError {
  return new MeshproofError('MPE_CLUSTER_UNREACHABLE', `pod ${pod} cannot be labelled: ${wordsOf(status, body)}`);
}
