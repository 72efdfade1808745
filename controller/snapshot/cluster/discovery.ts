/** Which of the kinds that we read a cluster serves, and in which version. */
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { CollectionDeps } from './collection.ts';
import { KINDS, apiVersionOf, isBuiltIn } from './kinds.ts';
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
  const served = versionsIn(groups.body);
  const wanted = [...new Set(KINDS.flatMap(apiVersionsOf))].filter((version) => served.has(version));
  const resources = new Map<string, ReadonlySet<string>>();
  await Promise.all(
    ['v1', ...wanted].map(async (version) => {
      const answer = await persistentGet(deps, groupPath(version), {}, signal);
      if (answer.kind === 'answer') resources.set(version, pluralsIn(answer.body));
      else if (!(isStatus(answer, 404) && (await isWithdrawn(deps, version, signal)))) {
        throw undiscovered(answer, deps.api.url);
      }
    }),
  );
  return KINDS.flatMap((kind) => inBestVersion(kind, resources));
}

/**
 * Whether the API server itself says that it has no such kind any more. A 404 is not its word: for a path that it does
 * not know it is plain text (kubernetes: pkg/util/notfoundhandler), and any load balancer says the same for a while.
 */
export async function isUndefined(
  { api }: Pick<CollectionDeps, 'api'>,
  kind: Kind,
  signal: AbortSignal,
): Promise<boolean> {
  if (isBuiltIn(kind)) return false;
  const groups = await api.get('/apis', {}, signal);
  if (groups.kind !== 'answer' || !isOfKind(groups.body, 'APIGroupList')) return false;
  const served = versionsIn(groups.body);
  for (const version of apiVersionsOf(kind).filter((one) => served.has(one))) {
    const answer = await api.get(groupPath(version), {}, signal);
    if (answer.kind !== 'answer' || !isOfKind(answer.body, 'APIResourceList')) return false;
    if (pluralsIn(answer.body).has(kind.plural)) return false;
  }
  return true;
}

/** Whether a group was taken away since its version was read in the list of all groups. */
async function isWithdrawn(deps: CollectionDeps, version: string, signal: AbortSignal): Promise<boolean> {
  if (!version.includes('/')) return false;
  const groups = await persistentGet(deps, '/apis', {}, signal);
  return groups.kind === 'answer' && isOfKind(groups.body, 'APIGroupList') && !versionsIn(groups.body).has(version);
}

function isOfKind(body: unknown, kind: string): boolean {
  return fields(body)['kind'] === kind;
}

function versionsIn(groupList: unknown): ReadonlySet<string> {
  return new Set(
    list(fields(groupList)['groups']).flatMap((group) =>
      list(fields(group)['versions']).flatMap((version) => text(fields(version)['groupVersion']) ?? []),
    ),
  );
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
