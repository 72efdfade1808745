/** What the controller's account must be allowed for its probe pods; asked before anything is made. */
import { MeshproofError } from '../../../proto/errors.ts';
import { ruleLine } from '../../install/rule-line.ts';
import type { ProbeApi } from './probe-api.ts';
import type { Access } from './refusal.ts';

/** In each namespace that gets a probe. */
const NEEDED: readonly Omit<Access, 'namespace'>[] = [
  { verb: 'create', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'get', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'delete', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'get', apiGroup: '', resource: 'pods' },
  { verb: 'list', apiGroup: '', resource: 'pods' },
  { verb: 'list', apiGroup: '', resource: 'events' },
];

/** Rejects with one MPE_NOT_PERMITTED that names all that is missing, and the rules to add. */
export async function requireRights(
  api: Pick<ProbeApi, 'may'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asked = NEEDED.map(async (access) => ({ access, where: await refusedWhere(api, access, namespaces, signal) }));
  const missing = (await Promise.all(asked)).filter(({ where }) => where.length > 0);
  if (missing.length === 0) return;
  const said = missing.map(({ access, where }) => `${access.verb} ${access.resource} in namespace ${where.join(', ')}`);
  const rules = missing.map(({ access: { verb, apiGroup, resource }, where }) => {
    return `  ${ruleLine({ apiGroup, resources: [resource], verbs: [verb] })}  # ${where.join(', ')}`;
  });
  throw new MeshproofError('MPE_NOT_PERMITTED', `the controller's account may not ${said.join(', nor ')}`, {
    hint: `Add to its Roles in these namespaces, or to its ClusterRole:\n${rules.join('\n')}`,
  });
}

/** Who may do it everywhere is not asked about each namespace. */
async function refusedWhere(
  api: Pick<ProbeApi, 'may'>,
  access: Omit<Access, 'namespace'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (await api.may(access, signal)) return [];
  const asked = namespaces.map(async (namespace) =>
    (await api.may({ ...access, namespace }, signal)) ? [] : [namespace],
  );
  return (await Promise.all(asked)).flat().sort();
}
