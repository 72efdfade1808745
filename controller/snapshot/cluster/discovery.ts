/** Which of the kinds that we read a cluster serves, and in which version. */
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { CollectionDeps } from './collection.ts';
import { KINDS, apiVersionOf } from './kinds.ts';
import type { Kind, ServedKind } from './kinds.ts';
import { persistentGet } from './persistent.ts';
import { notAccepted } from '../../api-server/refusal.ts';
import { describeTrouble, isFinal, isStatus } from '../../api-server/trouble.ts';
import type { Trouble } from '../../api-server/trouble.ts';

/**
 * A kind whose definition is not installed is left out: nobody can have made one. Throws MPE_NOT_PERMITTED, and
 * MPE_CLUSTER_UNREACHABLE where there is no answer for 30 s, or for a reason that will not go away.
 */
export async function servedKinds(deps: CollectionDeps, signal: AbortSignal): Promise<readonly ServedKind[]> {
  const groups = await persistentGet(deps, '/apis', {}, signal);
  if (groups.kind !== 'answer') throw undiscovered(groups, deps.api.url);
  const served = new Set(
    list(fields(groups.body)['groups']).flatMap((group) =>
      list(fields(group)['versions']).flatMap((version) => text(fields(version)['groupVersion']) ?? []),
    ),
  );
  const wanted = [...new Set(KINDS.flatMap(apiVersionsOf))].filter((version) => served.has(version));
  const resources = new Map<string, ReadonlySet<string>>();
  await Promise.all(
    ['v1', ...wanted].map(async (version) => {
      const answer = await persistentGet(deps, groupPath(version), {}, signal);
      if (answer.kind === 'answer') resources.set(version, pluralsIn(answer.body));
      // A definition that was taken away in between.
      else if (!isStatus(answer, 404)) throw undiscovered(answer, deps.api.url);
    }),
  );
  return KINDS.flatMap((kind) => inBestVersion(kind, resources));
}

function apiVersionsOf(kind: Kind): readonly string[] {
  return kind.group === '' ? [] : kind.versions.map((version) => apiVersionOf({ group: kind.group, version }));
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function pluralsIn(resourceList: unknown): ReadonlySet<string> {
  return new Set(list(fields(resourceList)['resources']).flatMap((resource) => text(fields(resource)['name']) ?? []));
}

function inBestVersion(kind: Kind, resources: ReadonlyMap<string, ReadonlySet<string>>): readonly ServedKind[] {
  const version = kind.versions.find((candidate) =>
    resources.get(apiVersionOf({ group: kind.group, version: candidate }))?.has(kind.plural),
  );
  return version === undefined ? [] : [{ ...kind, version }];
}

function undiscovered(trouble: Trouble, server: string): MeshproofError {
  const says = describeTrouble(trouble);
  if (trouble.kind === 'status' && trouble.status === 401) return notAccepted(says);
  if (trouble.kind === 'broken' || !isFinal(trouble)) {
    return new MeshproofError('MPE_CLUSTER_UNREACHABLE', `${server} does not answer: ${says}`);
  }
  return new MeshproofError('MPE_NOT_PERMITTED', `${server} does not tell us which kinds it serves: ${says}`, {
    hint: 'Renew the credentials; the ClusterRole system:discovery lets everybody who is known to the cluster ask this.',
  });
}
