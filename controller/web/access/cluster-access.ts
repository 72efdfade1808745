/** In a cluster: whoever the API server knows by its token, and lets do it by RBAC. */
import { createHash } from 'node:crypto';
import { messageOf } from '../../../proto/errors.ts';
import type { Clock } from '../../../proto/clock.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import { fields, text, texts } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { Access, Admission, Right } from './access.ts';

/** Posts to the API server and resolves to what it answers; rejects where it does not. */
export type Ask = (path: string, body: object, signal: AbortSignal) => Promise<unknown>;

export interface ClusterAccessDeps {
  readonly ask: Ask;
  readonly clock: Clock;
}

export interface ClusterAccessOptions {
  /** Where a RoleBinding may give the rights; a ClusterRoleBinding gives them as well. */
  readonly namespace: string;
  /** That a token must be made for; empty: the API server's own. @default [] */
  readonly audiences?: readonly string[];
}

export const RESOURCE_GROUP = 'meshproof.io';

/** What was allowed is so for this long after it is withdrawn. */
const ALLOWED_MS = 60_000;
/** Who has just been given a right does not want to wait. */
const REFUSED_MS = 5000;
const MAX_REMEMBERED = 1000;
/** Questions at once; whoever makes tokens up must not keep the API server busy. */
const MAX_ASKED = 16;
const ANSWER_WITHIN_MS = 10_000;

interface Remembered {
  readonly admission: Promise<Admission>;
  untilMs: number;
}

/** By TokenReview and SubjectAccessReview (kubernetes: staging/src/k8s.io/api/{authentication,authorization}/v1/types.go). */
export function clusterAccess({ ask, clock }: ClusterAccessDeps, options: ClusterAccessOptions): Access {
  const remembered = new Map<string, Remembered>();
  let asked = 0;

  const review = async (token: string, right: Right): Promise<Admission> => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    asked += 1;
    try {
      const user = await userOf(token, signal);
      return 'kind' in user ? user : await rightOf(user.fields, right, signal);
    } catch (error) {
      const why = messageOf(error);
      return { kind: 'unavailable', why: `the API server does not say who this is: ${why}` };
    } finally {
      asked -= 1;
    }
  };

  const userOf = async (token: string, signal: AbortSignal): Promise<Admission | { readonly fields: Fields }> => {
    const { audiences = [] } = options;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audiences.length > 0 && { audiences }) },
    };
    const answer = await ask('/apis/authentication.k8s.io/v1/tokenreviews', body, signal);
    const status = fields(answer, 'status');
    if (status['authenticated'] !== true) {
      return { kind: 'unauthenticated', why: 'the cluster does not know the token' };
    }
    // A server that knows nothing of audiences leaves them out; the token may have been made for somebody else then.
    const hasAudience = texts(status['audiences']).some((audience) => audiences.includes(audience));
    if (audiences.length > 0 && !hasAudience) {
      return { kind: 'unauthenticated', why: 'the token was made for somebody else' };
    }
    return { fields: fields(status['user']) };
  };

  const rightOf = async (user: Fields, right: Right, signal: AbortSignal): Promise<Admission> => {
    const name = text(user['username']) ?? '';
    const { resource, verb } = right;
    const { namespace } = options;
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: name,
        uid: text(user['uid']) ?? '',
        groups: texts(user['groups']),
        extra: fields(user['extra']),
        resourceAttributes: { group: RESOURCE_GROUP, resource, verb, namespace },
      },
    };
    const answer = await ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', body, signal);
    if (fields(answer, 'status')['allowed'] === true) return { kind: 'admitted', name };
    const what = `${resource}.${RESOURCE_GROUP} in namespace ${namespace}`;
    return { kind: 'forbidden', name, why: `${name} may not ${verb} ${what}` };
  };

  return {
    admit: (token, right, signal) => {
      const key = createHash('sha256').update(`${right.verb} ${right.resource} ${token}`).digest('base64');
      const known = remembered.get(key);
      if (known !== undefined && clock.monotonicMs() < known.untilMs) return orAborted(known.admission, signal);
      remembered.delete(key);
      if (asked >= MAX_ASKED) {
        return Promise.resolve({ kind: 'unavailable', why: 'too many tokens are being asked about' });
      }
      for (const oldest of remembered.keys()) if (remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
      const one: Remembered = { admission: review(token, right), untilMs: Infinity };
      remembered.set(key, one);
      void one.admission.then(({ kind }) => {
        one.untilMs = clock.monotonicMs() + REMEMBER_MS[kind];
      });
      return orAborted(one.admission, signal);
    },
  };
}

const REMEMBER_MS: Readonly<Record<Admission['kind'], number>> = {
  admitted: ALLOWED_MS,
  forbidden: REFUSED_MS,
  unauthenticated: REFUSED_MS,
  unavailable: 0,
};
