/** Why a snapshot may not be taken: everything that is refused in one error, with the rules that would permit it. */
import { MeshproofError } from '../../../proto/errors.ts';
import { compareText, groupBy } from '../../declared/order.ts';
import type { Verb } from './collection.ts';
import type { Scope } from './listing.ts';
import { describeTrouble } from './trouble.ts';
import type { Trouble } from './trouble.ts';

export interface Refusal {
  readonly scope: Scope;
  readonly verb: Verb;
  readonly trouble: Trouble;
}

/** MPE_NOT_PERMITTED: verb, resource, group and scope of each, and the YAML to add. */
export function notPermitted(refusals: readonly Refusal[], server: string): MeshproofError {
  const [first] = refusals;
  const says = first === undefined ? '' : describeTrouble(first.trouble);
  if (first?.trouble.kind === 'status' && first.trouble.status === 401) {
    return new MeshproofError('MPE_NOT_PERMITTED', `${server} does not know who we are: it answered ${says}`, {
      hint: 'Renew the credentials of the kubeconfig, and check with kubectl auth whoami.',
    });
  }
  const who = /User "([^"]+)"/.exec(says)?.[1] ?? 'this account';
  const sorted = [...refusals].sort((a, b) => compareText(resourceOf(a), resourceOf(b)));
  const whats = [...groupBy(sorted, ({ verb, scope }) => `${verb} ${whereOf(scope)}`).values()].map(described);
  return new MeshproofError('MPE_NOT_PERMITTED', `${who} may not ${whats.join('; nor ')} (${server}: ${says})`, {
    hint: `Add to the rules of ${rolesOf(refusals)} of ${who}:\n${rulesFor(sorted).join('\n')}`,
  });
}

/** `list nodes, pods (core), deployments (apps) in the whole cluster`, of one verb and one place. */
function described(refusals: readonly Refusal[]): string {
  const [first] = refusals as readonly [Refusal];
  const resources = [...groupBy(refusals, ({ scope }) => scope.kind.group)].map(([group, found]) => {
    const plurals = found.map(({ scope }) => scope.kind.plural).join(', ');
    return `${plurals} (${group === '' ? 'core' : group})`;
  });
  return `${first.verb} ${resources.join(', ')} ${whereOf(first.scope)}`;
}

/** Both verbs at once: whoever may not list will need to watch, too. */
function rulesFor(refusals: readonly Refusal[]): readonly string[] {
  return [...groupBy(refusals, ({ scope }) => scope.kind.group)].map(([group, found]) => {
    const resources = [...new Set(found.map(({ scope }) => scope.kind.plural))];
    const isListed = found.every(({ verb }) => verb === 'watch');
    const verbs = isListed ? ['watch'] : ['list', 'watch'];
    return `- {apiGroups: [${JSON.stringify(group)}], resources: ${inline(resources)}, verbs: ${inline(verbs)}}`;
  });
}

function inline(texts: readonly string[]): string {
  return `[${texts.join(', ')}]`;
}

function rolesOf(refusals: readonly Refusal[]): string {
  const namespaces = new Set(refusals.map(({ scope }) => scope.namespace ?? ''));
  if (namespaces.has('')) return 'the ClusterRole';
  return `the Role in ${[...namespaces].sort(compareText).join(', and in ')}`;
}

function resourceOf({ scope }: Refusal): string {
  return `${scope.kind.group}/${scope.kind.plural}`;
}

function whereOf({ namespace }: Scope): string {
  return namespace === null ? 'in the whole cluster' : `in namespace ${namespace}`;
}
