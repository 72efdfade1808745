/** Whether the asking user has every right that a command will need, before anything is made. */
import pLimit from 'p-limit';
import { MeshproofError } from '../../proto/errors.ts';
import { fields, text } from '../declared/reading.ts';
import type { Access } from '../api-server/refusal.ts';
import type { KubernetesApi } from '../api-server/kubernetes-api.ts';
import { USER_PERMISSIONS } from '../install/permissions.ts';
import type { Permission } from '../install/permissions.ts';
import { ruleLine } from '../install/rule-line.ts';
import type { Rule } from '../install/rule-line.ts';

export interface Right extends Access {
  readonly permission: Permission;
}

/** One right a verb and resource. `namespace` is left out for what is asked cluster-wide. */
export function rightsOf(permissions: readonly Permission[], namespace?: string): readonly Right[] {
  return permissions.flatMap((permission) =>
    permission.resources.flatMap((resource) =>
      permission.verbs.map((verb) => {
        const { apiGroup } = permission;
        return { verb, apiGroup, resource, permission, ...(namespace !== undefined && { namespace }) };
      }),
    ),
  );
}

/** Questions to the API server. */
const AT_A_TIME = 8;

/** Somebody else than the user who asks. */
export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Those that are missing: of the user, which everybody may ask (kubernetes: ClusterRole system:basic-user), or of a
 * service account, which takes the right to create SubjectAccessReviews. Rejects as `KubernetesApi.ask`.
 */
export async function missingRights(
  api: KubernetesApi,
  rights: readonly Right[],
  signal: AbortSignal,
  subject?: Subject,
): Promise<readonly Right[]> {
  const limit = pLimit(AT_A_TIME);
  const answers = await Promise.all(
    rights.map((right) => limit(async () => [right, await has(api, right, signal, subject)] as const)),
  );
  return answers.filter(([, isGranted]) => !isGranted).map(([right]) => right);
}

async function has(api: KubernetesApi, right: Right, signal: AbortSignal, subject?: Subject): Promise<boolean> {
  const { verb, apiGroup: group, namespace = '' } = right;
  const [resource = '', subresource] = right.resource.split('/');
  const resourceAttributes = { verb, group, resource, namespace, ...(subresource !== undefined && { subresource }) };
  const kind = subject === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const resources = `${kind.toLowerCase()}s`;
  const access: Access = { verb: 'create', apiGroup: 'authorization.k8s.io', resource: resources };
  const spec = { resourceAttributes, ...(subject !== undefined && identityOf(subject)) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const answer = await api.ask({ access, path: `/apis/authorization.k8s.io/v1/${resources}`, body }, signal);
  if (answer.status >= 300) {
    const why = text(fields(answer.body)['message']) ?? `HTTP ${String(answer.status)}`;
    throw new MeshproofError('MPE_CLUSTER_UNREACHABLE', `cannot ask for rights: ${why}`);
  }
  return fields(answer.body, 'status')['allowed'] === true;
}

/** kubernetes: apiserver/pkg/authentication/serviceaccount/util.go:UserInfo */
function identityOf({ namespace, serviceAccount }: Subject): Readonly<Record<string, unknown>> {
  return {
    user: `system:serviceaccount:${namespace}:${serviceAccount}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** Throws MPE_NOT_PERMITTED with all rights that somebody who starts sweeps lacks, and the lines that grant them. */
export async function requireRights(api: KubernetesApi, ownNamespace: string, signal: AbortSignal): Promise<void> {
  const needed = USER_PERMISSIONS.filter(({ without }) => without === undefined);
  const missing = await missingRights(api, rightsOf(needed, ownNamespace), signal);
  if (missing.length === 0) return;
  throw new MeshproofError(
    'MPE_NOT_PERMITTED',
    `this user may not, in namespace ${ownNamespace}: ${rightWords(missing)}`,
    {
      hint: ['Add to a Role there:', ...ruleLines(missing)].join('\n    '),
    },
  );
}

/** A line for all resources of a group that lack the same verbs. */
export function ruleLines(rights: readonly Right[]): readonly string[] {
  return grouped(rights).map((rule) => ruleLine(rule));
}

/** `list and watch pods, services` */
export function rightWords(rights: readonly Right[]): string {
  return grouped(rights)
    .map(({ verbs, resources }) => `${verbs.join(', ')} ${resources.join(', ')}`)
    .join('; ');
}

function grouped(rights: readonly Right[]): readonly Rule[] {
  const byResource = Map.groupBy(rights, ({ apiGroup, resource }) => `${apiGroup}/${resource}`);
  const single = [...byResource.values()].flatMap((group): readonly Rule[] => {
    const [first] = group;
    if (first === undefined) return [];
    const verbs = [...new Set(group.map(({ verb }) => verb))];
    return [{ apiGroup: first.apiGroup, resources: [first.resource], verbs }];
  });
  const alike = Map.groupBy(single, ({ apiGroup, verbs }) => `${apiGroup} ${verbs.join(',')}`);
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : { ...first, resources: group.flatMap(({ resources }) => resources) };
  });
}
