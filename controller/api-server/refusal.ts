/** What the API server refuses for want of a right, in words that name the rights and the lines that grant them. */
import { MeshproofError } from '../../proto/errors.ts';
import { compareText, groupBy } from '../declared/order.ts';
import { fields, text } from '../declared/reading.ts';
import { ruleLine } from '../install/rule-line.ts';

/** What is asked, as RBAC names it. */
export interface Access {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  readonly apiGroup: string;
  /** `jobs`, `pods/log`. */
  readonly resource: string;
  /** Absent for objects without a namespace, and for what is asked of all namespaces at once. */
  readonly namespace?: string;
}

export interface MissingRight extends Access {
  /** Of the rule that would do. @default the one verb */
  readonly verbs?: readonly Access['verb'][];
}

/**
 * Throws MPE_NOT_PERMITTED where an authorizer refused. A 403 of another hand (a quota, an admission webhook, Pod Security)
 * is no matter of rights, and left to the caller.
 */
export function throwIfRefused(access: Access, status: number, body: unknown): void {
  const message = text(fields(body)['message']) ?? '';
  if (status === 401) throw notAccepted(message);
  // kubernetes: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go:forbiddenMessage
  if (status === 403 && /\bcannot \w+ (resource|path)\b/.test(message)) throw notPermitted(userIn(message), [access]);
}

/** MPE_NOT_PERMITTED: nobody of these credentials is known. */
export function notAccepted(says: string): MeshproofError {
  return new MeshproofError('MPE_NOT_PERMITTED', `the API server does not accept these credentials: ${says}`, {
    hint: 'Log in again, or name another context with --context; kubectl auth whoami says who you are.',
  });
}

/** Who is refused, by the API server's own sentence. */
export function userIn(message: string): string {
  const user = /User "([^"]*)"/.exec(message)?.[1];
  return user === undefined ? 'this user' : `user ${user}`;
}

/** MPE_NOT_PERMITTED with all that is missing, and the rules to add. */
export function notPermitted(who: string, missing: readonly MissingRight[], server?: string): MeshproofError {
  const phrases = [...groupBy(missing, ({ verb, namespace }) => `${verb} ${namespace ?? ''}`).values()].map(
    (alike) => [alike[0]?.verb ?? '', resourcesOf(alike), placesOf(alike)] as const,
  );
  const said = [...groupBy(phrases, ([verb, resources]) => `${verb} ${resources}`)].map(([what, alike]) => {
    return `${what} ${inPlaces(alike.flatMap(([, , places]) => places))}`;
  });
  const at = server === undefined ? '' : ` at ${server}`;
  const lines = ruleLines(missing);
  const rules = lines.length === 1 ? ` ${lines.join('')}` : `\n${lines.join('\n')}`;
  return new MeshproofError('MPE_NOT_PERMITTED', `${who} may not ${said.join(', nor ')}${at}`, {
    hint: `Add to ${rolesIn(placesOf(missing))}:${rules}`,
  });
}

/** One a group and set of verbs and places; where the places differ, each line says its own. */
function ruleLines(missing: readonly MissingRight[]): readonly string[] {
  const single = [...groupBy(missing, ({ apiGroup, resource }) => `${apiGroup}/${resource}`).values()].map((of) => {
    const { apiGroup = '', resource = '' } = of[0] ?? {};
    const verbs = [...new Set(of.flatMap(({ verb, verbs: needed = [verb] }) => needed))];
    return { apiGroup, resource, verbs, places: placesOf(of) };
  });
  const alike = groupBy(single, ({ apiGroup, verbs, places }) => JSON.stringify([apiGroup, verbs, places]));
  const areApart = new Set(single.map(({ places }) => places.join())).size > 1;
  return [...alike.values()].map((group) => {
    const { apiGroup = '', verbs = [], places = [] } = group[0] ?? {};
    const resources = group.map(({ resource }) => resource).sort(compareText);
    const line = ruleLine({ apiGroup, resources, verbs });
    return areApart ? `${line} # ${inPlaces(places)}` : line;
  });
}

function resourcesOf(missing: readonly Access[]): string {
  return [...new Set(missing.map(({ resource }) => resource))].sort(compareText).join(', ');
}

/** Empty for what is cluster-wide. */
function placesOf(missing: readonly Access[]): readonly string[] {
  return [...new Set(missing.map(({ namespace = '' }) => namespace))].sort(compareText);
}

function inPlaces(places: readonly string[]): string {
  return places.includes('') ? 'cluster-wide' : `in namespace ${[...places].sort(compareText).join(', ')}`;
}

function rolesIn(places: readonly string[]): string {
  if (places.includes('')) return 'a ClusterRole';
  const [place = ''] = places;
  return places.length === 1 ? `a Role in namespace ${place}` : `Roles in namespaces ${places.join(', ')}`;
}
