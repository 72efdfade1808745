/** Why a snapshot may not be taken: everything that is refused in one error, with the rules that would permit it. */
import type { MeshproofError } from '../../../proto/errors.ts';
import { notAccepted, notPermitted, userIn } from '../../api-server/refusal.ts';
import { describeTrouble } from '../../api-server/trouble.ts';
import type { Trouble } from '../../api-server/trouble.ts';
import type { Verb } from './collection.ts';
import type { Scope } from './listing.ts';

export interface Refusal {
  readonly scope: Scope;
  readonly verb: Verb;
  readonly trouble: Trouble;
}

/** MPE_NOT_PERMITTED. Whoever may not list will need to watch, too: the rules have both. */
export function notReadable(refusals: readonly Refusal[], server: string): MeshproofError {
  const says = refusals.map(({ trouble }) => describeTrouble(trouble)).at(0) ?? '';
  if (refusals.some(({ trouble }) => trouble.kind === 'status' && trouble.status === 401)) return notAccepted(says);
  const missing = refusals.map(({ scope: { kind, namespace }, verb }) => ({
    verb,
    apiGroup: kind.group,
    resource: kind.plural,
    ...(namespace !== null && { namespace }),
    ...(verb === 'list' && { verbs: ['list', 'watch'] as const }),
  }));
  return notPermitted(userIn(says), missing, server);
}
