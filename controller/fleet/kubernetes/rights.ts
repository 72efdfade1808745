/** What the controller's account must be allowed for its probe pods; asked before anything is made. */
import { notPermitted } from '../../api-server/refusal.ts';
import type { Access } from '../../api-server/refusal.ts';
import type { ProbeApi } from './probe-api.ts';

/** In each namespace that gets a probe. */
const NEEDED: readonly Omit<Access, 'namespace'>[] = [
  { verb: 'create', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'list', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'delete', apiGroup: 'batch', resource: 'jobs' },
  { verb: 'list', apiGroup: '', resource: 'pods' },
  { verb: 'list', apiGroup: '', resource: 'events' },
];

/** Rejects with one MPE_NOT_PERMITTED that names all that is missing, and the rules to add. */
export async function requireRights(
  api: Pick<ProbeApi, 'may'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asked = NEEDED.map((access) => missingOf(api, access, namespaces, signal));
  const missing = (await Promise.all(asked)).flat();
  if (missing.length > 0) throw notPermitted("the controller's account", missing);
}

/** Who may do it everywhere is not asked about each namespace. */
async function missingOf(
  api: Pick<ProbeApi, 'may'>,
  access: Omit<Access, 'namespace'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly Access[]> {
  if (await api.may(access, signal)) return [];
  const asked = namespaces.map(async (namespace) => {
    const right = { ...access, namespace };
    return (await api.may(right, signal)) ? [] : [right];
  });
  return (await Promise.all(asked)).flat();
}
