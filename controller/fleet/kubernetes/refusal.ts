/** What the API server refuses for want of a right, in words that name the right and the line that grants it. */
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, text } from '../../declared/reading.ts';
import { ruleLine } from '../../install/rule-line.ts';

/** What is asked, as RBAC names it. */
export interface Access {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'delete';
  readonly apiGroup: string;
  /** `jobs`, `pods/log`. */
  readonly resource: string;
  /** Absent for objects without a namespace. */
  readonly namespace?: string;
}

/**
 * Throws MPE_NOT_PERMITTED where an authorizer refused. A 403 of another hand (a quota, an admission webhook, Pod Security)
 * is no matter of rights, and left to the caller.
 */
export function throwIfRefused(access: Access, status: number, body: unknown): void {
  const message = text(fields(body)['message']) ?? '';
  if (status === 401) {
    throw new MeshproofError('MPE_NOT_PERMITTED', `the API server does not accept these credentials: ${message}`, {
      hint: 'Log in again, or name another context with --context.',
    });
  }
  // kubernetes: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go:forbiddenMessage
  if (status === 403 && /\bcannot \w+ (resource|path)\b/.test(message)) throw notPermitted(access, message);
}

function notPermitted({ verb, apiGroup, resource, namespace }: Access, message: string): MeshproofError {
  const where = namespace === undefined ? 'cluster-wide' : `in namespace ${namespace}`;
  const user = /User "([^"]*)"/.exec(message)?.[1];
  const who = user === undefined ? 'this user' : `user ${user}`;
  const role = namespace === undefined ? 'ClusterRole' : `Role in namespace ${namespace}`;
  return new MeshproofError('MPE_NOT_PERMITTED', `${who} may not ${verb} ${resource} ${where}`, {
    hint: `Add to a ${role}: ${ruleLine({ apiGroup, resources: [resource], verbs: [verb] })}`,
  });
}
