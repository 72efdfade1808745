/** What a view does not know, or not any more, in words for whoever reads its snapshots. */
import { describeTrouble } from '../../api-server/trouble.ts';
import { describeScope } from './collection.ts';
import type { StandingTrouble } from './collection.ts';
import type { Following } from './following.ts';
import type { Upkeep } from './upkeep.ts';

/** Of collections, and of the server as a whole. */
export function troublesOf(following: Following, { trouble }: Upkeep): readonly StandingTrouble[] {
  return [...[...following.collections].map((collection) => collection.trouble), trouble].filter(
    (found) => found !== null,
  );
}

/** Of the server that does not answer, of each collection that it does not let us follow, and of what it never will. */
export function doubtsOf(following: Following, upkeep: Upkeep, namespaces: readonly string[]): readonly string[] {
  const old = [...following.collections].flatMap(({ scope, trouble }) =>
    trouble === null ? [] : [oldSince(`what is known of ${describeScope(scope)}`, trouble)],
  );
  const away = upkeep.trouble === null ? [] : [oldSince('all that is known', upkeep.trouble)];
  return [...away, ...old, ...narrownessOf(following, namespaces)];
}

function oldSince(what: string, { sinceWallMs, last }: StandingTrouble): string {
  return `${what} is as old as ${new Date(sinceWallMs).toISOString()}: the API server says ${describeTrouble(last)}`;
}

function narrownessOf(following: Following, namespaces: readonly string[]): readonly string[] {
  const { narrowed, unread, named } = following;
  const seen = namespaces.join(', ');
  const of = (kinds: readonly string[]): string => kinds.join(', ');
  return [
    ...(narrowed.length > 0 ? [`only namespaces ${seen} may be read: ${of(narrowed)} of others may decide, too`] : []),
    ...(unread.length > 0 ? [`${of(unread)} may not be read: what they say is not known`] : []),
    ...named
      .filter(({ refused }) => refused.length > 0)
      .map(
        ({ kind, refused }) => `${kind.kind} ${refused.join(', ')} may not be read: labels and addresses are not known`,
      ),
  ];
}
